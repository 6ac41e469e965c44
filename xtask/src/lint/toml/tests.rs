//! What the subset reads, and that everything outside it is refused with its line.

use super::{Entry, Value, parse};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn tables_comments_and_nested_arrays_over_several_lines_are_read() {
    let read = parse(
        "version = 1 # top\n\n[layers]\norder = [\n  [\"a\"], # lowest\n  [\"b\", \"c\"],\n]\n\
         [layers.\"only\"]\n\"x#y\" = \"z\"\n",
    );
    let entry = |line, table: &str, key: &str, value| Entry {
        line,
        table: table.to_owned(),
        key: key.to_owned(),
        value,
    };
    let order =
        Value::List(vec![Value::List(vec![text("a")]), Value::List(vec![text("b"), text("c")])]);
    assert_eq!(
        read,
        Ok(vec![
            entry(1, "", "version", Value::Integer(1)),
            entry(4, "layers", "order", order),
            entry(9, "layers.only", "x#y", text("z")),
        ])
    );
}

#[test]
fn what_is_outside_the_subset_is_refused_with_its_line() {
    let cases = [
        ("\na = true", 2),
        ("a = 1 b = 2", 1),
        ("a = \"b\\n\"", 1),
        ("a = \"open", 1),
        ("[[a]]\n", 1),
        ("[a\n", 1),
        ("a = [1 2]", 1),
        ("a = [1,\n", 2),
        ("a = { b = 1 }", 1),
        ("= 1", 1),
        ("a.b = 1", 1),
        ("a = 1\na = 2", 2),
        ("a = --1", 1),
    ];
    for (source, line) in cases {
        match parse(source) {
            Err(error) => assert_eq!(error.line, line, "{source:?}: {error}"),
            Ok(entries) => panic!("{source:?} was read as {entries:?}"),
        }
    }
}
