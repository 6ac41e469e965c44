//! How messages of a type become bytes and messages again. Foundation knows no data format: the user says how.

use std::any::{Any, TypeId, type_name};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::process::spawn::caught;
use crate::send::dead_letter::attempt::Route;

/// How messages of type `M` become bytes and back, under a name that outlives the program.
///
/// # Examples
///
/// ```
/// use foundation::{DeadLetterCodec, Node, NodeConfig};
///
/// let codec = DeadLetterCodec::<u64>::new(
///     "number/1",
///     |number| number.to_be_bytes().to_vec(),
///     |bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)),
/// );
/// let node = Node::new(NodeConfig::default().dead_letter_codec(codec))?;
/// assert_eq!(node.dead_letters().counts().total, 0);
/// # Ok::<(), foundation::NodeError>(())
/// ```
pub struct DeadLetterCodec<M> {
    name: &'static str,
    encode: fn(&M) -> Vec<u8>,
    decode: fn(&[u8]) -> Option<M>,
}

impl<M> Clone for DeadLetterCodec<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for DeadLetterCodec<M> {}

impl<M: Send + 'static> DeadLetterCodec<M> {
    /// Makes a codec. The name stands beside the bytes: give a new one to a new form of them.
    #[must_use]
    pub const fn new(
        name: &'static str,
        encode: fn(&M) -> Vec<u8>,
        decode: fn(&[u8]) -> Option<M>,
    ) -> Self {
        Self { name, encode, decode }
    }

    /// A second message of the same content. `None` if it cannot be made; a panic of the user's code is such a case.
    pub(crate) fn copy(&self, message: &M) -> Option<M> {
        caught(|| (self.decode)(&(self.encode)(message))).flatten()
    }
}

impl<M> fmt::Debug for DeadLetterCodec<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeadLetterCodec").field(&self.name).finish()
    }
}

/// A codec whose type of messages is known only to itself.
pub(crate) trait AnyCodec: Any + Send + Sync {
    fn name(&self) -> &'static str;
    fn encode(&self, message: &dyn Any) -> Option<Vec<u8>>;
    fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Any + Send>>;
    fn route(&self) -> Route;
    fn message_type(&self) -> &'static str;
    fn as_any(&self) -> &dyn Any;
}

impl<M: Send + 'static> AnyCodec for DeadLetterCodec<M> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn encode(&self, message: &dyn Any) -> Option<Vec<u8>> {
        let message = message.downcast_ref::<M>()?;
        caught(|| (self.encode)(message))
    }

    fn decode(&self, bytes: &[u8]) -> Option<Box<dyn Any + Send>> {
        let message = caught(|| (self.decode)(bytes)).flatten()?;
        Some(Box::new(message))
    }

    fn route(&self) -> Route {
        Route::of::<M>()
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The codecs of a node, by type. Fixed when the node is made.
#[derive(Clone, Default)]
pub(crate) struct Codecs {
    by_type: HashMap<TypeId, Arc<dyn AnyCodec>>,
}

/// A message that was recorded, as this program reads it.
pub(crate) struct Decoded {
    pub(crate) message: Box<dyn Any + Send>,
    pub(crate) message_type: Cow<'static, str>,
    pub(crate) route: Route,
}

impl Codecs {
    /// Adds a codec; the last one of a type counts.
    pub(crate) fn insert<M: Send + 'static>(&mut self, codec: DeadLetterCodec<M>) {
        self.by_type.insert(TypeId::of::<M>(), Arc::new(codec));
    }

    pub(crate) fn of<M: Send + 'static>(&self) -> Option<&DeadLetterCodec<M>> {
        self.by_type.get(&TypeId::of::<M>())?.as_any().downcast_ref()
    }

    pub(crate) fn of_message(&self, message: &dyn Any) -> Option<&Arc<dyn AnyCodec>> {
        self.by_type.get(&message.type_id())
    }

    /// Reads a recorded message. What this program cannot read stays as bytes.
    pub(crate) fn decode(&self, codec: &str, bytes: Vec<u8>) -> Decoded {
        let known = self.by_type.values().find(|known| known.name() == codec);
        let read = known.and_then(|known| Some((known.decode(&bytes)?, known)));
        match read {
            Some((message, known)) => Decoded {
                message,
                message_type: Cow::Borrowed(known.message_type()),
                route: known.route(),
            },
            None => Decoded {
                message: Box::new(bytes),
                message_type: Cow::Owned(codec.to_owned()),
                route: Route::UNREADABLE,
            },
        }
    }
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_type.values().map(|codec| codec.name())).finish()
    }
}
