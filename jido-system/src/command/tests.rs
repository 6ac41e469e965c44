//! The pure parts: what is kept of a stream, and the report lines.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::capture::Capture;
use super::report::ShimReport;
use super::{Captured, CommandStatus};

fn capture(limit: usize, pieces: &[&[u8]]) -> Captured {
    let mut capture = Capture::new(limit);
    for piece in pieces {
        capture.push(piece);
    }
    capture.finish()
}

#[test]
fn a_stream_within_the_limit_is_kept_whole() {
    let kept = capture(8, &[b"abc", b"defgh"]);
    assert_eq!((kept.bytes(), kept.truncated()), (&b"abcdefgh"[..], 0));
    assert_eq!((kept.head(), kept.tail()), (&b"abcdefgh"[..], &b""[..]));
}

#[test]
fn a_longer_stream_keeps_its_head_and_its_tail() {
    let kept = capture(4, &[b"abc", b"defgh", b"i"]);
    assert_eq!((kept.head(), kept.tail(), kept.truncated()), (&b"ab"[..], &b"hi"[..], 5));
    assert_eq!(kept.to_string(), "ab\n[... 5 bytes omitted ...]\nhi");
}

#[test]
fn a_limit_of_zero_keeps_nothing_and_counts_all() {
    let kept = capture(0, &[b"abc"]);
    assert_eq!((kept.bytes(), kept.truncated()), (&b""[..], 3));
}

proptest! {
    #[test]
    fn head_and_tail_are_those_of_the_stream_however_it_is_cut(
        stream in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        limit in 0_usize..64,
        piece_len in 1_usize..70,
    ) {
        let pieces: Vec<&[u8]> = stream.chunks(piece_len).collect();
        let kept = capture(limit, &pieces);
        prop_assert!(kept.bytes().len() <= limit);
        prop_assert_eq!(kept.bytes().len() as u64 + kept.truncated(), stream.len() as u64);
        prop_assert!(kept.bytes().len() == limit || kept.truncated() == 0);
        prop_assert!(stream.starts_with(kept.head()));
        prop_assert!(stream.ends_with(kept.tail()));
    }

    #[test]
    fn a_report_line_reads_back_as_written(number in proptest::num::i32::ANY, pid in proptest::num::u32::ANY) {
        for report in [
            ShimReport::Started { pid },
            ShimReport::Refused { errno: number },
            ShimReport::Ended(CommandStatus::Exited(number)),
            ShimReport::Ended(CommandStatus::Signaled(number)),
        ] {
            prop_assert_eq!(ShimReport::parse(&report.to_line()), Some(report));
        }
    }
}

#[test]
fn a_report_cut_short_is_none() {
    for line in ["", "\n", "exited", "exited 12", "exited x\n", "exited 1 2\n", "left 0\n"] {
        assert_eq!(ShimReport::parse(line), None, "{line:?}");
    }
}
