//! The key of a slot in a table of names.
//!
//! Who looks a key up among very many waits for memory more than for anything else, so a short key lies in its slot, where the look-up
//! goes anyway, and the table keeps nothing beside the slot.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::process::name::AnySlot;

/// The longest key that lies in its slot.
const HEAD: usize = 23;

/// A text, and its bytes once more if they are few.
#[derive(Debug)]
pub(crate) struct Key {
    head: [u8; HEAD],
    /// How many of them; more than there are if the text is too long.
    len: u8,
    text: Arc<str>,
}

impl Key {
    pub(crate) fn new(text: &str) -> Self {
        let mut head = [0; HEAD];
        let len = match head.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text.as_bytes());
                u8::try_from(text.len()).unwrap_or(u8::MAX)
            }
            None => u8::MAX,
        };
        Self { head, len, text: Arc::from(text) }
    }

    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn bytes(&self) -> &[u8] {
        self.head.get(..usize::from(self.len)).unwrap_or(self.text.as_bytes())
    }
}

/// A slot as a table has it: found by the bytes of its key.
pub(crate) struct Entry(pub(crate) Arc<dyn AnySlot>);

impl Borrow<[u8]> for Entry {
    fn borrow(&self) -> &[u8] {
        self.0.key().bytes()
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().bytes().hash(state);
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.0.key().bytes() == other.0.key().bytes()
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_key_are_those_of_its_text_whatever_its_length() {
        for length in [0, 1, HEAD - 1, HEAD, HEAD + 1, 254, 255, 256, 1_000] {
            let text = "k".repeat(length);
            let key = Key::new(&text);
            assert_eq!((key.bytes(), &**key.text()), (text.as_bytes(), &*text), "{length}");
        }
    }
}
