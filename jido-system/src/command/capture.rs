//! What is kept of an output stream: its head and its tail, within a bound.
//!
//! Pure: bytes in, bytes out. Invariant: never more than the limit is held, whatever comes in.

use std::collections::VecDeque;
use std::fmt;

/// The kept part of one output stream.
///
/// The head and the tail of what the command wrote, at most the `output_limit` of its
/// [`CommandSpec`](crate::CommandSpec) together. [`Display`](fmt::Display) shows the text with a
/// note where bytes are missing; bytes that are not UTF-8 become the replacement character.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    bytes: Vec<u8>,
    head_len: usize,
    truncated: u64,
}

impl Captured {
    /// Everything that was kept: the head, and directly after it the tail.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The kept bytes from the start of the stream. All of it when nothing was dropped.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.bytes[..self.head_len]
    }

    /// The kept bytes from the end of the stream; empty when nothing was dropped.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        &self.bytes[self.head_len..]
    }

    /// How many bytes between head and tail were read and dropped.
    #[must_use]
    pub fn truncated(&self) -> u64 {
        self.truncated
    }
}

impl fmt::Display for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.head()))?;
        if self.truncated > 0 {
            write!(f, "\n[... {} bytes omitted ...]\n", self.truncated)?;
            f.write_str(&String::from_utf8_lossy(self.tail()))?;
        }
        Ok(())
    }
}

/// Collects a stream into a [`Captured`].
#[derive(Debug)]
pub(crate) struct Capture {
    head: Vec<u8>,
    head_max: usize,
    tail: VecDeque<u8>,
    tail_max: usize,
    truncated: u64,
}

impl Capture {
    /// Creates a collector that keeps at most `limit` bytes. Allocates only as bytes arrive.
    pub(crate) fn new(limit: usize) -> Self {
        let tail_max = limit / 2;
        Self {
            head: Vec::new(),
            head_max: limit - tail_max,
            tail: VecDeque::new(),
            tail_max,
            truncated: 0,
        }
    }

    /// Takes the next bytes of the stream. O(len).
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let (to_head, rest) = bytes.split_at(bytes.len().min(self.head_max - self.head.len()));
        self.head.extend_from_slice(to_head);
        let (skipped, to_tail) = rest.split_at(rest.len().saturating_sub(self.tail_max));
        let evicted = (self.tail.len() + to_tail.len()).saturating_sub(self.tail_max);
        drop(self.tail.drain(..evicted));
        self.tail.extend(to_tail);
        self.truncated += (skipped.len() + evicted) as u64;
    }

    /// Ends the collection.
    pub(crate) fn finish(self) -> Captured {
        let Self { head: mut bytes, tail, truncated, .. } = self;
        let head_len = if truncated == 0 { bytes.len() + tail.len() } else { bytes.len() };
        bytes.extend(tail);
        Captured { bytes, head_len, truncated }
    }
}
