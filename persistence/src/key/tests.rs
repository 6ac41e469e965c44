//! What a key may look like.

use super::{Key, KeyError};

#[test]
fn a_key_is_one_to_512_bytes_without_control_characters() {
    assert_eq!(Key::new(""), Err(KeyError::Empty));
    assert!(Key::new("a".repeat(512)).is_ok());
    assert_eq!(Key::new("a".repeat(513)), Err(KeyError::TooLong { len: 513 }));
    assert_eq!(Key::new("ab\0"), Err(KeyError::ControlCharacter { at: 2 }));
    assert_eq!(Key::new("\n"), Err(KeyError::ControlCharacter { at: 0 }));
}
