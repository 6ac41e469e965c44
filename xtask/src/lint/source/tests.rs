//! Regions, suppressions and module declarations of small files.

use super::nodes::scan;
use super::{Body, Fate, Form, Place, RegionKind, Stretch, Truth};

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
        "async fn f() { impl A for B { fn g() { HERE(); } } tokio::time::pause(); }",
        "async fn f() { fn g() { HERE(); } tokio::time::pause(); }",
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
        "async fn f() { fn g() { HERE(); } fn h() { tokio::time::pause(); } }",
        "fn g() { HERE(); } async fn f() { tokio::time::pause(); }",
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
        .map(|module| {
            (
                module.parents.join("/"),
                module.name.as_deref().unwrap_or_default(),
                module.path.as_deref(),
            )
        })
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

#[test]
fn a_condition_is_known_for_this_system_and_for_features() {
    let os = std::env::consts::OS;
    let truth = |predicate: &str| {
        let scan = scan(&format!("#[cfg({predicate})] fn f() {{}}")).unwrap();
        scan.conditions.first().map_or(Truth::On, |(truth, _)| *truth)
    };
    let cases = [
        ("test".to_owned(), Truth::On),
        ("not(test)".to_owned(), Truth::On),
        (format!("target_os = \"{os}\""), Truth::On),
        (format!("not(target_os = \"{os}\")"), Truth::Off),
        ("target_os = \"none\"".to_owned(), Truth::Off),
        ("loom".to_owned(), Truth::Off),
        ("not(loom)".to_owned(), Truth::On),
        ("feature = \"a\"".to_owned(), Truth::OnWithFeatures),
        ("not(feature = \"a\")".to_owned(), Truth::OnWithoutFeatures),
        ("all(not(loom), feature = \"a\")".to_owned(), Truth::OnWithFeatures),
        ("all(feature = \"a\", not(feature = \"b\"))".to_owned(), Truth::Off),
        ("any(loom, feature = \"a\")".to_owned(), Truth::OnWithFeatures),
        ("any(not(loom), feature = \"a\")".to_owned(), Truth::On),
    ];
    for (predicate, expected) in cases {
        assert_eq!(truth(&predicate), expected, "{predicate}");
    }
}

#[test]
fn who_runs_a_place_is_said_by_the_innermost_body() {
    let body = |text: &str| scan(text).unwrap().facts.body(place(text, "HERE"));
    let cases = [
        ("async fn f() { HERE(); }", Body::Async),
        ("fn f() { HERE(); }", Body::Plain),
        ("fn f() { async { HERE(); }; }", Body::Async),
        ("fn f() { async move || HERE(); }", Body::Async),
        ("async fn f() { v.map(|x| HERE(x)); }", Body::Async),
        ("async fn f() { fn g() { HERE(); } }", Body::Plain),
        ("async fn f() { spawn_blocking(move || HERE()); }", Body::Offload),
        ("async fn f() { thread::spawn(|| async { HERE() }); }", Body::Async),
        ("async fn f() { select! { _ = a() => { HERE(); } } }", Body::Async),
        ("async fn f() { select! { biased; x = async { HERE(); } => {} } }", Body::Async),
        ("impl A { async fn f() { HERE(); } }", Body::Async),
        ("trait A { async fn f() { HERE(); } }", Body::Async),
        ("macro_rules! m { ($x:expr) => { async { HERE($x) } }; }", Body::Async),
    ];
    for (text, expected) in cases {
        assert_eq!(body(text), Some(expected), "{text}");
    }
    let outside = "macro_rules! m { ($($x:expr),*) => { HERE($($x),*) }; }";
    assert_eq!(body(outside), None);
}

#[test]
fn a_result_is_thrown_away_in_many_ways() {
    let fate = |text: &str| {
        let at = place(text, "HERE");
        scan(text).unwrap().facts.discards.at.get(&at).map(|discard| discard.fate)
    };
    let thrown = [
        ("HERE();", Fate::Statement),
        ("a.HERE().unwrap();", Fate::Statement),
        ("if a { HERE() } else { b() };", Fate::Statement),
        ("match a { 1 => HERE(), _ => b() };", Fate::Statement),
        ("if let Err(_) = HERE() {}", Fate::Statement),
        ("unsafe { HERE() };", Fate::Statement),
        ("m! { HERE(); }", Fate::Statement),
        ("HERE!(x);", Fate::Statement),
        ("let _ = HERE();", Fate::Unbound),
        ("let _: A = HERE();", Fate::Unbound),
        ("drop(HERE());", Fate::Dropped),
        ("let a = HERE(); drop(a);", Fate::Dropped),
        ("mem::forget(HERE());", Fate::Forgotten),
        ("let b = Box::leak(Box::new(HERE())); b.c();", Fate::Forgotten),
        ("let a = HERE(); c(ManuallyDrop::new(a));", Fate::Forgotten),
        ("let a = HERE(); b.a(); c::a();", Fate::NeverUsed),
    ];
    for (body, expected) in thrown {
        assert_eq!(fate(&format!("fn f() {{ {body} }}")), Some(expected), "{body}");
    }
    let kept = [
        "HERE()",
        "return HERE();",
        "let a = HERE(); a",
        "let a = HERE(); drop(a.b());",
        "let a = HERE(); drop(a.await);",
        "let a = HERE(); print!(\"{a}\");",
        "a = HERE();",
        "b(HERE());",
        "HERE().abort();",
        "if HERE().is_err() { b(); }",
        "quote! { HERE(); };",
        "let a = { HERE() }; a",
    ];
    for body in kept {
        assert_eq!(fate(&format!("fn f() {{ {body} }}")), None, "{body}");
    }
}

#[test]
fn a_wait_is_timed_inside_a_timeout_or_a_select_with_a_timer() {
    let timed = |text: &str| scan(text).unwrap().facts.is_in(Stretch::Timed, place(text, "HERE"));
    assert!(timed("async fn f() { timeout(d, HERE()).await; }"));
    assert!(timed("use tokio::time::timeout as t; async fn f() { t(d, HERE()).await; }"));
    assert!(timed("async fn f() { select! { _ = HERE() => {} _ = sleep(d) => {} } }"));
    assert!(!timed("async fn f() { HERE().await; timeout(d, g()).await; }"));
    assert!(!timed("async fn f() { select! { _ = HERE() => {} _ = other() => {} } }"));
}

#[test]
fn names_are_followed_through_imports_aliases_and_types() {
    let named = |text: &str| {
        let at = place(text, "HERE");
        let scan = scan(&text.replace("HERE", "send")).unwrap();
        let found = scan.facts.named.into_iter().find(|(place, _)| *place == at);
        found.map(|(_, path)| path).unwrap_or_default()
    };
    let cases = [
        ("use t::Tx; fn f(x: &Tx) { x.HERE(); }", "t::Tx::send"),
        ("use t::Tx as T; fn f(x: Arc<T>) { x.HERE(); }", "Arc::send"),
        ("use std::sync::Arc; use t::Tx as T; fn f(x: Arc<T>) { x.HERE(); }", "t::Tx::send"),
        ("use t::Tx; type T = Tx<u8>; fn f(x: Option<Box<T>>) { x.HERE(); }", "t::Tx::send"),
        ("use t::Tx; fn f() { let x = Tx::new(); x.HERE(); }", "t::Tx::send"),
        ("use t::Tx; struct S { x: Tx } fn f(s: S) { s.x.HERE(); }", "t::Tx::send"),
        ("use t::Tx; fn f(x: Tx) { let x = 1; x.HERE(); }", ""),
        ("use t::Tx; fn g(x: Tx) {} fn f() { x.HERE(); }", ""),
        (
            "use tokio::sync::mpsc; fn f() { let (x, y) = mpsc::channel(1); x.clone().HERE(); }",
            "tokio::sync::mpsc::Sender::send",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(named(text), expected, "{text}");
    }
    let path = |text: &str| {
        let at = place(text, "X");
        let facts = scan(text).unwrap().facts;
        facts.named.into_iter().find(|(place, _)| *place == at).unwrap().1
    };
    assert_eq!(path("use tokio::task as t;\nfn f() { X(); } use t::spawn as X;"), "tokio::spawn");
    assert_eq!(path("fn f() { X(); }\nuse core::mem::forget as X;"), "std::mem::forget");
    assert_eq!(
        path("fn f() { X(); }\nuse futures::executor::block_on as X;"),
        "futures_executor::block_on"
    );
    assert_eq!(path("fn f() { X(); }\nuse rayon::spawn as X;"), "rayon_core::spawn");
    assert_eq!(path("fn f() { X(); }\nuse smol::unblock as X;"), "blocking::unblock");
}

#[test]
fn a_line_counts_when_it_carries_code() {
    let count = |text: &str| scan(text).expect("it parses").facts.lines.count(None, &[]).0;
    assert_eq!(count("//! A file.\n#![allow(dead_code)]\n#![doc = \"x\"]\n"), 0);
    assert_eq!(count("/// Says\n/** more */\n#[doc = \"still\"]\n// and more\nfn f() {}\n"), 1);
    assert_eq!(count("#[inline]\nfn f() {\n\n    a();\n}\n"), 4);
    assert_eq!(count("const A: &str = \"one\ntwo\n\nthree\";\n"), 4);
    assert_eq!(count("fn f() { a(#[doc = \"x\"] b) }\n"), 1);
}
