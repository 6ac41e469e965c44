//! `ResourceLimits`: how much of each kind is in use, who waits for it, and how close it is to its limit.
//!
//! A permit is the right to so many units, and gives them back when it is dropped; it belongs to whoever holds it, so the end of
//! a process gives back what the process holds before that end is known. Invariants: units in use and units available add up to
//! the limit; a permit gives back what it took, once, because it is no `Clone` and its release consumes it; the pressure that is
//! published last is the one of the last change.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::node::Node;
use crate::telemetry;
use crate::time::Elapsed;

/// How much there is of one kind of resource.
///
/// Defaults: at most 1,024 callers wait; the pressure is moderate above 90 % and severe above 95 % of the limit.
///
/// # Examples
///
/// ```
/// use foundation::ResourceSpec;
///
/// let megabytes = ResourceSpec::new(1_024).queue(64).thresholds(80, 90);
/// # let _unused = megabytes;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ResourceSpec {
    limit: u32,
    queue: usize,
    moderate: u8,
    severe: u8,
}

impl ResourceSpec {
    /// Creates the specification of a resource of `limit` units.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        assert!(limit > 0, "a resource has at least one unit");
        Self { limit, queue: 1_024, moderate: 90, severe: 95 }
    }

    /// Sets how many callers may wait at once; one more is refused.
    #[must_use]
    pub fn queue(mut self, waiting_max: usize) -> Self {
        self.queue = waiting_max;
        self
    }

    /// Sets above how many percent of the limit in use the pressure is moderate, and severe.
    ///
    /// # Panics
    ///
    /// Panics if `moderate` is greater than `severe`, or `severe` than 100.
    #[must_use]
    pub fn thresholds(mut self, moderate: u8, severe: u8) -> Self {
        assert!(moderate <= severe, "what is severe is moderate, too");
        assert!(severe <= 100, "there is nothing above the limit");
        (self.moderate, self.severe) = (moderate, severe);
        self
    }

    fn pressure(&self, used: u32) -> Pressure {
        let is_above = |percent| u64::from(used) * 100 > u64::from(self.limit) * u64::from(percent);
        match () {
            () if is_above(self.severe) => Pressure::Severe,
            () if is_above(self.moderate) => Pressure::Moderate,
            () => Pressure::Normal,
        }
    }
}

/// How close the use of a resource is to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pressure {
    /// There is room.
    Normal,
    /// Above the first threshold: time to ask for less.
    Moderate,
    /// Above the second one: the next request may have to wait.
    Severe,
}

/// Why a resource was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// Not as much as that is free now, or others wait for it (`try_acquire`).
    Full,
    /// Too many callers wait already.
    QueueFull,
    /// It did not come free before the deadline.
    Timeout,
    /// The amount is zero or above the limit, so that no wait helps.
    Amount {
        /// What was asked for.
        asked: u32,
        /// How much there is.
        limit: u32,
    },
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("not enough of the resource is free"),
            Self::QueueFull => f.write_str("too many callers wait for the resource"),
            Self::Timeout => f.write_str("the resource did not come free before the deadline"),
            Self::Amount { asked, limit } => {
                write!(f, "{asked} units of a resource of {limit} cannot be had")
            }
        }
    }
}

impl Error for AcquireError {}

/// A kind of resource that nobody has set a limit for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownResource {
    kind: String,
}

impl UnknownResource {
    /// Returns what was asked for.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl fmt::Display for UnknownResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no resource {:?}", self.kind)
    }
}

impl Error for UnknownResource {}

/// Named kinds of resources, each with a limit. A clone is the same.
///
/// The kinds are fixed when it is made.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use foundation::{AcquireError, Node, NodeConfig, Pressure, ResourceLimits, ResourceSpec};
///
/// let node = Node::new(NodeConfig::default())?;
/// let kinds = [("connections", ResourceSpec::new(8)), ("megabytes", ResourceSpec::new(1_024))];
/// let limits = ResourceLimits::new(&node, kinds);
///
/// let megabytes = limits.kind("megabytes")?;
/// let permit = megabytes.try_acquire(1_000)?;
/// assert_eq!(megabytes.pressure(), Pressure::Severe);
/// assert_eq!(megabytes.try_acquire(100).map(drop), Err(AcquireError::Full));
/// permit.release();
/// assert_eq!(megabytes.available(), 1_024);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ResourceLimits {
    kinds: Arc<BTreeMap<Arc<str>, Resource>>,
}

impl ResourceLimits {
    /// Creates them. `node` watches over the deadlines of those who wait.
    ///
    /// # Panics
    ///
    /// Panics if two kinds have the same name.
    #[must_use]
    pub fn new<'a>(node: &Node, kinds: impl IntoIterator<Item = (&'a str, ResourceSpec)>) -> Self {
        let mut named = BTreeMap::new();
        for (kind, spec) in kinds {
            let kind = Arc::<str>::from(kind);
            let known =
                named.insert(Arc::clone(&kind), Resource::new(node, Arc::clone(&kind), spec));
            assert!(known.is_none(), "two resources have the name {kind:?}");
        }
        Self { kinds: Arc::new(named) }
    }

    /// Returns one kind. Keep it: every clone is the same resource.
    ///
    /// # Errors
    ///
    /// [`UnknownResource`] if it is none of them.
    pub fn kind(&self, kind: &str) -> Result<Resource, UnknownResource> {
        let known = self.kinds.get(kind).cloned();
        known.ok_or_else(|| UnknownResource { kind: kind.to_owned() })
    }

    /// Returns all kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Resource> {
        self.kinds.values()
    }
}

impl fmt::Debug for ResourceLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds.values()).finish()
    }
}

/// One kind of resource. A clone is the same.
#[derive(Clone)]
pub struct Resource {
    shared: Arc<Shared>,
}

struct Shared {
    node: Node,
    kind: Arc<str>,
    spec: ResourceSpec,
    units: Arc<Semaphore>,
    waiting: AtomicUsize,
    pressure: watch::Sender<Pressure>,
}

impl Resource {
    fn new(node: &Node, kind: Arc<str>, spec: ResourceSpec) -> Self {
        // A limit of 2^32 - 1 units fits on every machine that this runs on.
        let units = Arc::new(Semaphore::new(spec.limit as usize));
        let pressure = watch::Sender::new(Pressure::Normal);
        let waiting = AtomicUsize::new(0);
        Self {
            shared: Arc::new(Shared { node: node.clone(), kind, spec, units, waiting, pressure }),
        }
    }

    /// Takes `amount` units if they are free now and nobody waits for them.
    ///
    /// # Errors
    ///
    /// [`AcquireError`]: `Full` or `Amount`.
    pub fn try_acquire(&self, amount: u32) -> Result<ResourcePermit, AcquireError> {
        self.take(amount).inspect_err(telemetry::resource_denied)
    }

    fn take(&self, amount: u32) -> Result<ResourcePermit, AcquireError> {
        self.shared.check(amount)?;
        let taken = Arc::clone(&self.shared.units).try_acquire_many_owned(amount);
        let units = taken.map_err(|_none| AcquireError::Full)?;
        Ok(ResourcePermit::new(Arc::clone(&self.shared), units))
    }

    /// Waits for `amount` units for at most `timeout`; first come, first served, also if a later request is smaller.
    ///
    /// # Errors
    ///
    /// [`AcquireError`]: `QueueFull` if too many wait already, `Timeout`, `Amount`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the place in the line, and what was just granted, to the next.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{AcquireError, Node, NodeConfig, ResourceLimits, ResourceSpec};
    /// # use std::time::Duration;
    /// # let node = Node::new(NodeConfig::default())?;
    /// let slots = ResourceLimits::new(&node, [("slots", ResourceSpec::new(1))]).kind("slots")?;
    /// let slot = slots.acquire(1, Duration::from_secs(1)).await?;
    /// let refused = slots.acquire(1, Duration::from_millis(1)).await;
    /// assert_eq!(refused.map(drop), Err(AcquireError::Timeout));
    /// drop(slot);
    /// assert_eq!(slots.used(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn acquire(
        &self,
        amount: u32,
        timeout: Duration,
    ) -> Result<ResourcePermit, AcquireError> {
        let acquired = self.wait_for(amount, timeout).await;
        acquired.inspect_err(telemetry::resource_denied)
    }

    async fn wait_for(
        &self,
        amount: u32,
        timeout: Duration,
    ) -> Result<ResourcePermit, AcquireError> {
        let taken = self.take(amount);
        if !matches!(taken, Err(AcquireError::Full)) {
            return taken;
        }
        // Dropped after what waits: units that were granted and not taken change the pressure when they go back.
        let _waiting = Waiting::enter(&self.shared)?;
        let units = Arc::clone(&self.shared.units).acquire_many_owned(amount);
        let mut deadline = self.shared.node.deadlines().within(timeout);
        match deadline.limit(Box::pin(units)).await {
            Ok(Ok(units)) => Ok(ResourcePermit::new(Arc::clone(&self.shared), units)),
            // Nobody closes the semaphore.
            Ok(Err(_)) | Err(Elapsed) => Err(AcquireError::Timeout),
        }
    }

    /// Returns the name of the kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.shared.kind
    }

    /// Returns how many units there are.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.shared.spec.limit
    }

    /// Returns how many units are in use now.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.shared.used()
    }

    /// Returns how many units are free now.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.limit() - self.used()
    }

    /// Returns how many callers wait now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Returns how close the use is to the limit now.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        *self.shared.pressure.borrow()
    }

    /// Returns a watch over the pressure.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Pressure, ResourceLimits, ResourceSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// let slots = ResourceLimits::new(&node, [("slots", ResourceSpec::new(100))]).kind("slots")?;
    /// let mut watch = slots.watch();
    /// let most = slots.try_acquire(91)?;
    /// assert_eq!(watch.changed().await, Pressure::Moderate);
    /// drop(most);
    /// assert_eq!(watch.changed().await, Pressure::Normal);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> PressureWatch {
        PressureWatch { seen: self.shared.pressure.subscribe(), _resource: self.clone() }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("kind", &self.shared.kind)
            .field("limit", &self.limit())
            .field("used", &self.used())
            .field("waiting", &self.waiting())
            .finish()
    }
}

impl Shared {
    fn check(&self, asked: u32) -> Result<(), AcquireError> {
        let limit = self.spec.limit;
        if asked == 0 || asked > limit {
            Err(AcquireError::Amount { asked, limit })
        } else {
            Ok(())
        }
    }

    fn used(&self) -> u32 {
        let free = u32::try_from(self.units.available_permits()).unwrap_or(u32::MAX);
        self.spec.limit.saturating_sub(free)
    }

    /// Publishes the pressure. Called after each change: it looks under the lock of the value, so that the last one to publish has
    /// seen every change.
    fn publish(&self) {
        // lint: allow(raw_send) -- a level that is looked at, not a message that could be lost
        self.pressure.send_if_modified(|known| {
            let now = self.spec.pressure(self.used());
            let is_new = std::mem::replace(known, now) != now;
            if is_new {
                telemetry::pressure_changed(now);
            }
            is_new
        });
    }
}

/// Counts one waiting caller.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn enter(shared: &'a Shared) -> Result<Self, AcquireError> {
        let one_more = |waiting| (waiting < shared.spec.queue).then_some(waiting + 1);
        let entered = shared.waiting.try_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        entered.map_err(|_full| AcquireError::QueueFull)?;
        telemetry::resource_waits();
        Ok(Self(shared))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        telemetry::resource_waits_no_more();
        self.0.publish();
    }
}

/// The right to so many units of a resource. Dropping it gives them back.
///
/// It cannot be copied, and whoever holds it decides when it ends: kept in the state of a process it ends with the process,
/// before the end of that process is known.
#[must_use = "a permit that is dropped gives its units back"]
pub struct ResourcePermit {
    shared: Arc<Shared>,
    /// Gone only while it is dropped.
    units: Option<OwnedSemaphorePermit>,
}

impl ResourcePermit {
    fn new(shared: Arc<Shared>, units: OwnedSemaphorePermit) -> Self {
        telemetry::resource_acquired();
        shared.publish();
        Self { shared, units: Some(units) }
    }

    /// Returns how many units it is for.
    #[must_use]
    pub fn amount(&self) -> u32 {
        let amount = self.units.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        u32::try_from(amount).unwrap_or(u32::MAX)
    }

    /// Returns the name of the kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.shared.kind
    }

    /// Gives the units back, as dropping it does.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for ResourcePermit {
    fn drop(&mut self) {
        drop(self.units.take());
        telemetry::resource_released();
        self.shared.publish();
    }
}

impl fmt::Debug for ResourcePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourcePermit")
            .field("kind", &self.shared.kind)
            .field("amount", &self.amount())
            .finish()
    }
}

/// Sees the pressure on one resource change, without asking again and again.
pub struct PressureWatch {
    seen: watch::Receiver<Pressure>,
    /// Keeps the resource, so that the watch is never over.
    _resource: Resource,
}

impl PressureWatch {
    /// Returns the pressure now, and takes it as seen.
    pub fn current(&mut self) -> Pressure {
        *self.seen.borrow_and_update()
    }

    /// Waits until the pressure is another one than was seen last, and returns it. Changes that nobody waited for are one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn changed(&mut self) -> Pressure {
        if self.seen.changed().await.is_err() {
            // The resource is kept by this watch, so there is always one who publishes.
            std::future::pending::<()>().await;
        }
        self.current()
    }
}

impl fmt::Debug for PressureWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PressureWatch").field("seen", &*self.seen.borrow()).finish()
    }
}
