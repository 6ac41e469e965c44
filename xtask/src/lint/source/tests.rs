//! Regions, suppressions and module declarations of small files.

use super::nodes::scan;
use super::{Form, Place, RegionKind};

fn place(text: &str, needle: &str) -> Place {
    let offset = text.find(needle).unwrap();
    let line = text[..offset].matches('\n').count() + 1;
    let column = text[..offset].chars().rev().take_while(|&c| c != '\n').count() + 1;
    Place { line, column }
}

fn holds(kind: RegionKind, text: &str) -> bool {
    scan(text).unwrap().is_in(kind, place(text, "HERE"))
}

/// The rule that a directive suppresses at `HERE`, if one does.
fn suppressed(text: &str) -> bool {
    let at = place(text, "HERE");
    scan(text).unwrap().directives.iter().any(|directive| directive.covers.contains(at))
}

fn complaints(text: &str) -> Vec<String> {
    scan(text).unwrap().complaints.into_iter().map(|complaint| complaint.message).collect()
}

#[test]
fn test_code_is_what_only_a_test_build_contains() {
    let inside = [
        "#[test] fn f() { HERE(); }",
        "#[tokio::test] async fn f() { HERE(); }",
        "#[tokio::test(flavor = \"multi_thread\")] async fn f() { HERE(); }",
        "#[cfg(test)] mod t { fn f() { HERE(); } }",
        "#[cfg(all(unix, test))] fn f() { HERE(); }",
        "#![cfg(test)]\nfn f() { HERE(); }",
        "impl A { #[cfg(test)] fn f() { HERE(); } }",
        "fn f() { #[cfg(test)] HERE(); }",
        "#[cfg(any(test, all(test, unix)))] fn f() { HERE(); }",
    ];
    for text in inside {
        assert!(holds(RegionKind::Test, text), "{text}");
    }
    let outside = [
        "fn f() { HERE(); } #[test] fn g() {}",
        "#[cfg(not(test))] fn f() { HERE(); }",
        "#[cfg(any(test, feature = \"x\"))] fn f() { HERE(); }",
        "#[cfg_attr(test, inline)] fn f() { HERE(); }",
        "#[attest] fn f() { HERE(); }",
        "fn f() { #[cfg(test)] g(); HERE(); }",
    ];
    for text in outside {
        assert!(!holds(RegionKind::Test, text), "{text}");
    }
}

#[test]
fn the_clock_is_paused_from_the_start_or_from_the_pause_on() {
    let paused = [
        "#[tokio::test(start_paused = true)] async fn f() { HERE(); }",
        "async fn f() { tokio::time::pause(); HERE(); }",
        "fn f() { Builder::new().start_paused(true).build().block_on(async { HERE() }); }",
    ];
    for text in paused {
        assert!(holds(RegionKind::Paused, text), "{text}");
    }
    let running = [
        "#[tokio::test] async fn f() { HERE(); }",
        "#[tokio::test(start_paused = false)] async fn f() { HERE(); }",
        "async fn f() { HERE(); tokio::time::pause(); }",
        "async fn g() { tokio::time::pause(); } async fn f() { HERE(); }",
        "async fn f() { player.pause(); HERE(); }",
        "fn f() { Builder::new().start_paused(false); HERE(); }",
    ];
    for text in running {
        assert!(!holds(RegionKind::Paused, text), "{text}");
    }
}

#[test]
fn a_comment_covers_the_statement_arm_field_or_item_below_it() {
    let allow = "// lint: allow(raw_send) -- a reason that says why";
    let covered = [
        format!("fn f() {{\n{allow}\na\n.b()\n.HERE();\n}}"),
        format!("{allow}\n#[inline]\nfn f() {{ HERE(); }}"),
        format!("#[inline]\n{allow}\nfn f() {{ HERE(); }}"),
        format!("/// Documented.\n{allow}\n// More words.\nfn f() {{ HERE(); }}"),
        format!("fn f() {{ match x {{\n{allow}\n1 => HERE(),\n_ => b() }} }}"),
        format!("fn f() {{ S {{\n{allow}\na: HERE(),\nb: 1 }}; }}"),
        format!("fn f() {{ a(\n{allow}\nHERE(),\nb) }}"),
        format!("fn f() {{ select! {{\n{allow}\n_ = a.HERE(1) => {{}}\n}} }}"),
        format!("fn f() {{ a(); HERE(); {allow}\n}}"),
    ];
    for text in covered {
        assert!(suppressed(&text), "{text}");
    }
    let uncovered = [
        format!("fn f() {{\n{allow}\na();\nHERE();\n}}"),
        format!("fn f() {{ a(); {allow}\nHERE();\n}}"),
        format!("#[inline] fn f() {{\n{allow}\na();\nHERE();\n}}"),
        format!("fn f() {{ match x {{\n{allow}\n1 => a(),\n_ => HERE() }} }}"),
        format!("fn f() {{ a(\n{allow}\nb,\nHERE()) }}"),
        format!("fn f() {{ select! {{\n{allow}\n_ = a => {{}}, _ = HERE() => {{}}\n}} }}"),
        format!("fn f() {{ let s = \"{allow}\"; HERE(); }}"),
        format!("fn f() {{ let s = r\"\n{allow}\n\"; HERE(); }}"),
        format!("/{allow}\nfn f() {{ HERE(); }}"),
        "// lint: deny(raw_send) -- a reason that says why\nfn f() { HERE(); }".to_owned(),
        "// hint: allow(raw_send) -- a reason that says why\nfn f() { HERE(); }".to_owned(),
    ];
    for text in uncovered {
        assert!(!suppressed(&text), "{text}");
    }
}

#[test]
fn an_attribute_that_names_a_rule_covers_its_node() {
    let expect = "#[expect(clippy::disallowed_methods, reason = \"raw_send: the mailbox itself\")]";
    let covered = [
        format!("{expect} fn f() {{ HERE(); }}"),
        format!("fn f() {{ {expect} a().HERE(); }}"),
        format!("fn f() {{ {expect} let x = HERE(); }}"),
        format!("fn f() {{ {expect} a.b = HERE(); }}"),
        format!("fn f() {{ match x {{ {expect} 1 => HERE(), _ => b() }} }}"),
        format!("/// Doc.\n{expect} #[inline] fn f() {{ HERE(); }}"),
    ];
    for text in covered {
        let scan = scan(&text).unwrap();
        assert!(suppressed(&text), "{text}");
        assert_eq!(scan.directives[0].form, Form::Attribute);
        assert_eq!(scan.directives[0].rules, ["raw_send"]);
    }
    let nameless = "#[expect(clippy::disallowed_methods, reason = \"door: the mailbox\")]";
    let uncovered = [
        format!("fn f() {{ {expect} a(); HERE(); }}"),
        format!("#{}\nfn f() {{ HERE(); }}", expect.replacen('#', "!", 1)),
        format!("{expect} mod m {{ fn f() {{ HERE(); }} }}"),
        format!("{nameless} fn f() {{ HERE(); }}"),
    ];
    for text in uncovered {
        assert!(!suppressed(&text), "{text}");
    }
    assert!(holds(RegionKind::NamelessAllow, &format!("{nameless} fn f() {{ HERE(); }}")));
}

#[test]
fn suppressions_without_rule_reason_or_measure_are_complained_about() {
    let bad = [
        "fn f() {\n// lint: allow(raw_send)\na(); }",
        "fn f() {\n// lint: allow(raw_send) -- why\na(); }",
        "fn f() {\n// lint: allow(raw_sned) -- a reason that says why\na(); }",
        "fn f() {\n// lint: allow() -- a reason that says why\na(); }",
        "fn f() {\n// lint: off\na(); }",
        "// lint: allow(raw_send) -- a reason that says why\nmod m { fn f() {} }",
        "fn f() {}\n// lint: allow(raw_send) -- a reason that says why",
        "#[allow(clippy::disallowed_methods)] fn f() {}",
        "#![allow(clippy::disallowed_methods, reason = \"raw_send: the whole crate does\")]",
        "#[expect(clippy::disallowed_methods, reason = \"raw_send: the module\")] mod m {}",
        "#[cfg_attr(unix, allow(clippy::disallowed_methods))] fn f() {}",
        "#[cfg(not(clippy))] fn f() {}",
        "#[cfg_attr(not(clippy), path = \"x.rs\")] mod m {}",
    ];
    for text in bad {
        assert_eq!(complaints(text).len(), 1, "{text}");
    }
    let good = [
        "fn f() {\n// lint: allow(raw_send, raw_reply) -- a reason that says why\na(); }",
        "#[allow(clippy::too_many_lines)] fn f() {}",
        "#[expect(clippy::disallowed_methods, reason = \"the clock\")] fn f() {}",
        "// lint is a word\nfn f() {}",
    ];
    for text in good {
        assert_eq!(complaints(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn module_files_are_found_with_the_modules_around_them() {
    let scan = scan("mod a; mod b { mod c; #[path = \"x/y.rs\"] mod d; }").unwrap();
    let found: Vec<_> = scan
        .modules
        .iter()
        .map(|module| (module.parents.join("/"), module.name.as_str(), module.path.as_deref()))
        .collect();
    assert_eq!(
        found,
        [
            (String::new(), "a", None),
            ("b".to_owned(), "c", None),
            ("b".to_owned(), "d", Some("x/y.rs")),
        ]
    );
}

#[test]
fn columns_count_characters_and_survive_a_byte_order_mark() {
    let text = "\u{feff}fn f() { let s = \"\u{e9}\u{e9}\"; /* \u{e9} */ g(); } // lint: off";
    let scan = scan(text).unwrap();
    assert_eq!(scan.complaints[0].at, Place { line: 1, column: 39 });
}
