//! The envelope: its rules one by one, and round trips of generated signals.

use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::error::{AttributeFault, DecodeError, EncodeError, ParseTypeError};
use crate::signal::attribute::ExtensionValue;
use crate::signal::envelope::{Data, SIGNAL_BYTES_MAX, Signal};
use crate::signal::signal_type::SignalType;
use crate::signal::timestamp;

fn minimal() -> Value {
    json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b"})
}

fn with(name: &str, value: Value) -> Value {
    let mut object = minimal();
    object[name] = value;
    object
}

fn without(name: &str) -> Value {
    let mut object = minimal();
    object.as_object_mut().expect("an object").remove(name);
    object
}

fn decode(value: &Value) -> Result<Signal, DecodeError> {
    Signal::from_json(value.to_string().as_bytes())
}

#[track_caller]
fn check_refused(wire: &Value, attribute: &str, fault: AttributeFault) {
    match decode(wire) {
        Err(DecodeError::Attribute(error)) => {
            assert_eq!((error.attribute(), error.fault()), (attribute, &fault), "{wire}");
            assert!(error.to_string().contains(attribute), "{error}");
        }
        other => panic!("{wire}: {other:?}"),
    }
}

#[test]
fn a_decoded_signal_has_what_the_wire_has_and_nothing_more() {
    let signal = decode(&minimal()).expect("valid");
    assert_eq!((signal.id(), signal.source()), ("1", "/s"));
    assert_eq!(signal.signal_type().as_str(), "a.b");
    assert_eq!((signal.time(), signal.subject()), (None, None));
    assert_eq!((signal.datacontenttype(), signal.dataschema()), (None, None));
    assert_eq!(signal.data(), &Data::None);
    assert_eq!(signal.extensions().count(), 0);
    let again: Value = serde_json::from_slice(&signal.to_json().expect("small")).expect("json");
    assert_eq!(again, minimal());
}

#[test]
fn both_spellings_of_the_version_are_read_and_one_is_written() {
    let signal = decode(&with("specversion", json!("1.0.2"))).expect("valid");
    let again: Value = serde_json::from_slice(&signal.to_json().expect("small")).expect("json");
    assert_eq!(again["specversion"], "1.0");
    check_refused(
        &with("specversion", json!("1.1")),
        "specversion",
        AttributeFault::UnsupportedVersion,
    );
}

#[test]
fn required_attributes_must_be_there_and_not_empty() {
    for name in ["specversion", "id", "source", "type"] {
        check_refused(&without(name), name, AttributeFault::Missing);
        check_refused(&with(name, Value::Null), name, AttributeFault::Missing);
        check_refused(&with(name, json!(7)), name, AttributeFault::NotText);
    }
    for name in ["id", "source", "type", "subject", "datacontenttype", "dataschema"] {
        check_refused(&with(name, json!("")), name, AttributeFault::Empty);
    }
    for name in ["id", "source", "subject", "datacontenttype", "dataschema"] {
        check_refused(&with(name, json!("a\u{7}")), name, AttributeFault::ControlCharacter);
    }
}

#[test]
fn a_type_outside_the_grammar_is_refused_by_name() {
    let fault = ParseTypeError::IllegalCharacter { index: 1, character: '/' };
    check_refused(&with("type", json!("a.b/c")), "type", AttributeFault::IllegalType(fault));
    use ParseTypeError as E;
    let check = |text: &str, wanted: E| assert_eq!(SignalType::parse(text), Err(wanted), "{text}");
    check("", E::Empty);
    check("a..b", E::EmptySegment { index: 1 });
    check("a.*", E::IllegalCharacter { index: 1, character: '*' });
    check(&vec!["a"; 33].join("."), E::TooManySegments { count: 33 });
    check(&"a".repeat(256), E::TooLong { len_bytes: 256 });
    assert!(SignalType::parse(&vec!["a"; 32].join(".")).is_ok());
    assert!(SignalType::parse(&"a".repeat(255)).is_ok());
}

#[test]
fn extension_names_are_lower_case_and_at_most_twenty_long() {
    let longest = "a".repeat(20);
    for name in ["a", "a1", longest.as_str()] {
        assert!(decode(&with(name, json!("x"))).is_ok(), "{name}");
    }
    let too_long = "a".repeat(21);
    for name in ["1a", "A", "traceParent", "trace_id", "", too_long.as_str(), "caf\u{e9}"] {
        check_refused(&with(name, json!("x")), name, AttributeFault::IllegalName);
    }
    for name in ["id", "type", "specversion", "time", "data"] {
        let error = Signal::builder("a", "/s").extension(name, 1).build().expect_err("reserved");
        assert_eq!((error.attribute(), error.fault()), (name, &AttributeFault::Reserved));
    }
    let twice = Signal::builder("a", "/s").extension("n", 1).extension("n", 1).build();
    assert_eq!(twice.map_err(|error| error.fault().clone()), Err(AttributeFault::Duplicate));
}

#[test]
fn extension_values_are_flags_small_numbers_or_text() {
    let signal = decode(&with("n", json!(-2_147_483_648_i64))).expect("valid");
    assert_eq!(signal.extension("n"), Some(&ExtensionValue::Integer(i32::MIN)));
    check_refused(&with("n", json!(2_147_483_648_i64)), "n", AttributeFault::NotInt32);
    check_refused(&with("n", json!(1.5)), "n", AttributeFault::NotInt32);
    check_refused(&with("n", json!([1])), "n", AttributeFault::NotScalar);
    check_refused(&with("n", json!({"a": 1})), "n", AttributeFault::NotScalar);
    check_refused(&with("n", json!("a\nb")), "n", AttributeFault::ControlCharacter);
    assert!(decode(&with("n", Value::Null)).expect("valid").extension("n").is_none());
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    let wire = br#"{"specversion":"1.0","id":"1","source":"/s","type":"a","n":1,"n":2}"#;
    let error = Signal::from_json(wire).expect_err("twice");
    assert!(matches!(&error, DecodeError::Attribute(error)
        if error.attribute() == "n" && *error.fault() == AttributeFault::Duplicate));
}

#[test]
fn data_is_json_or_bytes_and_never_both() {
    let null = decode(&with("data", Value::Null)).expect("valid");
    assert_eq!(null.data(), &Data::Json(Value::Null));
    let empty = decode(&with("data", json!(""))).expect("valid");
    assert_eq!(empty.json(), Some(&json!("")));
    let bytes = decode(&with("data_base64", json!("AP8="))).expect("valid");
    assert_eq!(bytes.data(), &Data::Binary(vec![0, 255]));
    check_refused(&with("data_base64", json!("AP8")), "data_base64", AttributeFault::NotBase64);
    check_refused(&with("data_base64", json!(1)), "data_base64", AttributeFault::NotText);
    let mut both = with("data", json!(1));
    both["data_base64"] = json!("AP8=");
    check_refused(&both, "data", AttributeFault::DataTwice);
    let built = Signal::builder("a", "/s").data(json!(1)).binary([1]).build();
    assert_eq!(built.map_err(|error| error.fault().clone()), Err(AttributeFault::DataTwice));
}

#[test]
fn times_are_rfc_3339_and_kept_as_written() {
    for text in [
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00.123456789z",
        "2024-02-29T23:59:60+14:00",
        "2000-02-29T00:00:00-00:00",
    ] {
        let signal = decode(&with("time", json!(text))).expect(text);
        assert_eq!(signal.time(), Some(text));
    }
    for text in [
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-02-29T12:00:00Z",
        "1900-02-29T12:00:00Z",
        "2026-04-31T12:00:00Z",
        "2026-03-00T12:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00.5",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+1:00",
        "2026-03-01T12:00:00+01:60",
        "+026-03-01T12:00:00Z",
        "2026-03-01T12:00:00ZZ",
        "2026-03-01T12:00:0\u{e9}Z",
    ] {
        check_refused(&with("time", json!(text)), "time", AttributeFault::NotRfc3339);
    }
}

#[test]
fn clock_readings_become_utc_text() {
    let check = |seconds: u64, millis: u64, wanted: &str| {
        let time = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(millis);
        assert_eq!(timestamp::format(time).as_deref(), Some(wanted));
        assert!(timestamp::is_rfc3339(wanted));
    };
    check(0, 0, "1970-01-01T00:00:00.000Z");
    check(951_782_400, 1, "2000-02-29T00:00:00.001Z");
    check(1_735_689_599, 999, "2024-12-31T23:59:59.999Z");
    check(4_107_542_400, 0, "2100-03-01T00:00:00.000Z");
    check(253_402_300_799, 0, "9999-12-31T23:59:59.000Z");
    assert_eq!(timestamp::format(UNIX_EPOCH + Duration::from_secs(253_402_300_800)), None);
    assert_eq!(timestamp::format(UNIX_EPOCH - Duration::from_secs(1)), None);
    let late = UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    let error = Signal::builder("a", "/s").time_at(late).build().expect_err("year 10000");
    assert_eq!(error.attribute(), "time");
}

#[test]
fn ids_are_version_seven_and_grow() {
    let ids: Vec<_> = (0..2000)
        .map(|_| Signal::builder("a", "/s").build().expect("valid").id().to_owned())
        .collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "later ids sort later");
    assert!(ids.iter().all(|id| id.as_bytes()[14] == b'7'));
}

#[test]
fn input_over_the_limit_is_refused_before_it_is_parsed() {
    // Not even JSON: had it been parsed, the error would say so.
    let error = Signal::from_json(&vec![b'{'; SIGNAL_BYTES_MAX + 1]).expect_err("too large");
    assert!(matches!(error, DecodeError::TooLarge { len_bytes: 10_000_001 }), "{error}");
    let error = Signal::from_json(&vec![b'{'; SIGNAL_BYTES_MAX]).expect_err("not JSON");
    assert!(matches!(error, DecodeError::Json(_)), "{error}");
}

#[test]
fn output_of_the_limit_is_written_and_one_byte_more_is_not() {
    let sized =
        |len| Signal::builder("a", "/s").id("1").data(Value::String("x".repeat(len))).build();
    let frame = sized(0).expect("valid").to_json().expect("small").len();
    let largest = sized(SIGNAL_BYTES_MAX - frame).expect("valid").to_json().expect("fits");
    assert_eq!(largest.len(), SIGNAL_BYTES_MAX);
    assert!(Signal::from_json(&largest).is_ok());
    let over = sized(SIGNAL_BYTES_MAX - frame + 1).expect("valid").to_json();
    assert!(matches!(over, Err(EncodeError::TooLarge)));
}

#[test]
fn what_can_be_written_is_never_too_deep_to_be_read() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let signal = |depth| Signal::builder("a", "/s").data(nested(depth)).build().expect("valid");
    let deepest = [signal(120)];
    assert!(Signal::from_json(&deepest[0].to_json().expect("fits")).is_ok());
    let batch = Signal::batch_to_json(&deepest).expect("fits");
    assert_eq!(Signal::batch_from_json(&batch).expect("valid"), deepest);
    assert!(matches!(signal(121).to_json(), Err(EncodeError::TooDeep)));
}

#[test]
fn a_batch_is_decoded_whole_or_not_at_all() {
    let batch = json!([minimal(), minimal(), without("source")]).to_string();
    let error = Signal::batch_from_json(batch.as_bytes()).expect_err("one is bad");
    assert!(matches!(&error, DecodeError::Batch { index: 2, error }
        if error.attribute() == "source"));
    let batch = json!([minimal(), minimal()]).to_string();
    let signals = Signal::batch_from_json(batch.as_bytes()).expect("both are good");
    let again = Signal::batch_to_json(&signals).expect("small");
    assert_eq!(Signal::batch_from_json(&again).expect("valid"), signals);
}

#[test]
fn what_is_no_json_object_is_refused() {
    for text in ["", "null", "[]", "1", "\"a\"", "{", "{}x", "{\"id\":}"] {
        let error = Signal::from_json(text.as_bytes()).expect_err(text);
        assert!(matches!(error, DecodeError::Json(_)), "{text}: {error:?}");
    }
}

fn a_json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".*", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn an_extension() -> impl Strategy<Value = ExtensionValue> {
    prop_oneof![
        any::<bool>().prop_map(ExtensionValue::from),
        any::<i32>().prop_map(ExtensionValue::from),
        "\\PC*".prop_map(ExtensionValue::from),
    ]
}

fn some_data() -> impl Strategy<Value = Data> {
    prop_oneof![
        Just(Data::None),
        a_json_value().prop_map(Data::Json),
        proptest::collection::vec(any::<u8>(), 0..64).prop_map(Data::Binary),
    ]
}

proptest! {
    #[test]
    fn every_signal_survives_a_round_trip(
        id in "\\PC{1,40}",
        subject in proptest::option::of("\\PC{1,20}"),
        time in proptest::option::of("20[0-9]{2}-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]:00(\\.[0-9]{1,9})?Z"),
        extensions in proptest::collection::btree_map("x[a-z0-9]{0,19}", an_extension(), 0..6),
        data in some_data(),
    ) {
        let mut builder = Signal::builder("a.b", "/s").id(id);
        if let Some(subject) = subject {
            builder = builder.subject(subject);
        }
        if let Some(time) = time {
            builder = builder.time(time);
        }
        for (name, value) in extensions {
            builder = builder.extension(name, value);
        }
        builder = match data {
            Data::None => builder,
            Data::Json(value) => builder.data(value),
            Data::Binary(bytes) => builder.binary(bytes),
        };
        let signal = builder.build().expect("valid");
        let wire = signal.to_json().expect("small");
        prop_assert_eq!(&Signal::from_json(&wire).expect("valid"), &signal);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Signal::from_json(&bytes).is_err());
    }

    #[test]
    fn arbitrary_members_decode_to_a_valid_signal_or_an_error(
        members in proptest::collection::btree_map("[a-z_0-9]{0,12}", a_json_value(), 0..6),
    ) {
        let mut wire = minimal();
        wire.as_object_mut().expect("an object").extend(members);
        if let Ok(signal) = decode(&wire) {
            let again = signal.to_json().expect("small");
            prop_assert_eq!(Signal::from_json(&again).expect("valid"), signal);
        }
    }
}
