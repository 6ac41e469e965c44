//! `TaskStream`: many tasks in a pool, and their results one after another.
//!
//! The stream is driven by who asks it: a task is started only inside [`TaskStream::next`], when the pool has a place. Invariants:
//! each input that was begun has exactly one item; what was begun and not handed over is never more than the concurrency; no
//! place is held while nobody asks, except by tasks that run.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::iter::Peekable;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::gen_server::GenServer;
use crate::gen_server::context::Context;
use crate::process::dependents::Dependents;
use crate::task::error::{BatchError, ItemError, PoolError};
use crate::task::handle::TaskHandle;
use crate::task::place::PoolPermit;
use crate::task::pool::TaskPool;
use crate::telemetry;
use crate::time::Elapsed;

/// The result of one input of a [`TaskStream`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskItem<T> {
    /// Which input, counted from 0.
    pub index: usize,
    /// Its value, or why there is none.
    pub result: Result<T, ItemError>,
}

impl TaskPool {
    /// Runs `work` on each input, as many at once as the pool has places for, and returns the results in the order of the inputs.
    ///
    /// Nothing runs before the first [`next`](TaskStream::next). Each input has exactly one result; a panic in `work` or in its
    /// future is the result of that input and of nothing else. Inputs are pulled one at a time, when there is room, so they may be
    /// without end; a panic in the iterator is one of who asks. At most [`limit`](Self::limit) inputs are begun and not yet handed
    /// over, or fewer with [`concurrency`](TaskStream::concurrency); together with all other tasks of the pool never more than its
    /// limit run. A result that is early waits for those before it and holds no place meanwhile.
    ///
    /// A task of a pool that waits for a stream in the same pool can wait for its own place.
    ///
    /// As Elixir's `Task.Supervisor.async_stream_nolink` with `ordered: true`, without its timeout of 5 s.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let mut squares = pool.map_ordered(1..=4_u64, |n| async move { n * n });
    /// let mut sum = 0;
    /// while let Some(item) = squares.next().await {
    ///     sum += item.result?;
    /// }
    /// assert_eq!(sum, 30);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_ordered<I, F, R>(&self, inputs: I, work: F) -> TaskStream<R::Output>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Future<Output: Send + 'static> + Send + 'static,
    {
        TaskStream::new(self, inputs.into_iter(), work, Flights::Ordered(VecDeque::new()))
    }

    /// The same, with each result as soon as it is there; [`TaskItem::index`] tells whose it is.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let mut slow_first = pool.map_unordered([20, 1], |millis| async move {
    ///     foundation::time::sleep(std::time::Duration::from_millis(millis)).await;
    /// });
    /// let first = slow_first.next().await.ok_or("there are two")?;
    /// assert_eq!(first.index, 1);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_unordered<I, F, R>(&self, inputs: I, work: F) -> TaskStream<R::Output>
    where
        I: IntoIterator<IntoIter: Send + 'static, Item: Send + 'static>,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Future<Output: Send + 'static> + Send + 'static,
    {
        TaskStream::new(self, inputs.into_iter(), work, Flights::Unordered(FuturesUnordered::new()))
    }
}

/// Many tasks in a pool, and their results; see [`TaskPool::map_ordered`].
///
/// Dropping it starts nothing more and aborts what runs: each task goes at its next await point and then gives its place back.
/// [`cancel`](Self::cancel) waits for that. When the pool ends, what ran and every further input has the result
/// [`ItemError::PoolDown`], so no input is passed over in silence; with inputs without end, stop there.
#[must_use = "a stream does nothing until its items are asked for"]
pub struct TaskStream<T> {
    pool: TaskPool,
    source: Box<dyn Source<T>>,
    flights: Flights<T>,
    index: usize,
    concurrency: usize,
    limits: Limits,
}

/// What each task of a stream gets.
#[derive(Default)]
struct Limits {
    timeout: Option<Duration>,
    owner: Option<Arc<Dependents>>,
}

impl<T: Send + 'static> TaskStream<T> {
    fn new<I, F, R>(pool: &TaskPool, inputs: I, work: F, flights: Flights<T>) -> Self
    where
        I: Iterator<Item: Send + 'static> + Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
        R: Future<Output = T> + Send + 'static,
    {
        let source = Box::new(Inputs { inputs: inputs.peekable(), work: Arc::new(work) });
        let (pool, concurrency) = (pool.clone(), pool.limit());
        Self { pool, source, flights, index: 0, concurrency, limits: Limits::default() }
    }

    /// Sets how many inputs are begun and not yet handed over at most. It cannot be more than the limit of the pool.
    ///
    /// # Panics
    ///
    /// Panics if it is zero.
    pub fn concurrency(mut self, items_max: usize) -> Self {
        assert!(items_max > 0, "a stream needs room for at least one task");
        self.concurrency = items_max.min(self.pool.limit());
        self
    }

    /// Sets how long each task may take, from its first turn on. Without it there is no limit.
    ///
    /// A task that is late is dropped at its await point, up to 5 ms after the deadline, and its result is
    /// [`ItemError::TimedOut`]. The deadlines of a node share one timer.
    pub fn timeout(mut self, each: Duration) -> Self {
        self.limits.timeout = Some(each);
        self
    }

    /// Makes the tasks belong to a process as well as to the pool: its end is published only after they are gone.
    pub fn owned_by<S: GenServer>(mut self, cx: &mut Context<S>) -> Self {
        self.limits.owner = Some(cx.cell().dependents());
        self
    }

    /// Returns the next result, or `None` after the last one.
    ///
    /// Starts tasks as long as there are inputs, room and places, and waits for a result.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no item.
    pub async fn next(&mut self) -> Option<TaskItem<T>> {
        loop {
            let is_full = !self.start_without_waiting();
            if is_full {
                return self.flights.next().await;
            }
            if self.flights.is_empty() {
                match self.pool.acquire().await {
                    Ok(place) => self.start(place),
                    Err(error) => return Some(self.refuse(error)),
                }
                continue;
            }
            // Whoever waits in the line of the pool is here to take the place when it comes: the line is left with the future.
            let place = tokio::select! {
                biased;
                item = self.flights.next() => return item,
                place = self.pool.acquire() => place,
            };
            match place {
                Ok(place) => self.start(place),
                // The line is full, or the pool has ended. What runs has a result in either case, and then it is tried again.
                Err(_refused) => return self.flights.next().await,
            }
        }
    }

    /// Takes the places that are free now. Returns false if no more is to be started: there is no room, or no input.
    fn start_without_waiting(&mut self) -> bool {
        while self.flights.len() < self.concurrency && self.source.has_more() {
            match self.pool.take_place() {
                Ok(place) => self.start(place),
                Err(_none) => return true,
            }
        }
        false
    }

    fn start(&mut self, place: PoolPermit) {
        if let Some(handle) = self.source.start(place, &self.limits) {
            self.flights.push(Flight { index: self.index, handle });
            self.index += 1;
        }
    }

    fn refuse(&mut self, error: PoolError) -> TaskItem<T> {
        self.source.skip();
        let index = self.index;
        self.index += 1;
        let error = match error {
            PoolError::Closed => ItemError::PoolDown,
            PoolError::Full => ItemError::Refused,
        };
        TaskItem { index, result: Err(error) }
    }

    /// Starts nothing more, aborts what runs, and returns when it is gone: nothing of any task is left, and the places are free.
    ///
    /// Returns what was begun and not handed over, in the order of the inputs, as it ended: a task that was faster than the abort
    /// has its value, so that what it did can be undone.
    ///
    /// # Cancel safety
    ///
    /// Everything is aborted at once, also if the future is dropped; only the wait and the items are given up.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{ItemError, Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let work = |is_slow| async move {
    ///     if is_slow {
    ///         std::future::pending::<()>().await;
    ///     }
    /// };
    /// let mut stream = pool.map_unordered([false, true, true], work);
    /// assert_eq!(stream.next().await.ok_or("there are three")?.index, 0);
    /// let begun = stream.cancel().await;
    /// assert_eq!(begun[0].result, Err(ItemError::Aborted));
    /// assert_eq!(pool.available(), 2);
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel(mut self) -> Vec<TaskItem<T>> {
        self.flights.abort();
        let mut begun = Vec::with_capacity(self.flights.len());
        while let Some(item) = self.flights.next().await {
            begun.push(item);
        }
        begun.sort_unstable_by_key(|item| item.index);
        begun
    }

    /// Runs all inputs and returns all results, in the order of the inputs. A failure stops nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let all = pool.map_unordered([2, 0, 4], |n| async move { 8 / n }).collect().await;
    /// assert_eq!(all[0].result, Ok(4));
    /// assert!(all[1].result.is_err(), "a division by zero panics");
    /// assert_eq!(all[2].result, Ok(2));
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn collect(mut self) -> Vec<TaskItem<T>> {
        let mut all = Vec::new();
        while let Some(item) = self.next().await {
            all.push(item);
        }
        all.sort_unstable_by_key(|item| item.index);
        all
    }

    /// Runs all inputs and returns all values, in the order of the inputs, or ends at the first failure.
    ///
    /// # Errors
    ///
    /// [`BatchError`], when nothing of any task is left: no input after it was begun, what ran was aborted, and everything that was
    /// begun is in it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future aborts what runs.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use foundation::{Node, NodeConfig, Strategy, Supervisor, SupervisorSpec, TaskSupervisorSpec};
    /// # let node = Node::new(NodeConfig::default())?;
    /// # let child = TaskSupervisorSpec::new().limit(2).name(&node, "pool")?.as_child("pool");
    /// # let root = Supervisor::start(&node, SupervisorSpec::new(Strategy::OneForOne).child(child)).await?;
    /// let pool = node.task_supervisor("pool")?.resolve().await?;
    /// let halves = pool.map_ordered([2, 4], |n| async move { n / 2 }).try_collect().await;
    /// assert_eq!(halves.map_err(|failed| failed.error), Ok(vec![1, 2]));
    /// # root.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn try_collect(mut self) -> Result<Vec<T>, BatchError<T>> {
        let mut done = Vec::new();
        while let Some(TaskItem { index, result }) = self.next().await {
            match result {
                Ok(value) => done.push((index, value)),
                Err(error) => {
                    let done = done
                        .into_iter()
                        .map(|(index, value)| TaskItem { index, result: Ok(value) });
                    let mut others: Vec<_> = done.chain(self.cancel().await).collect();
                    others.sort_unstable_by_key(|item| item.index);
                    return Err(BatchError { index, error, others });
                }
            }
        }
        done.sort_unstable_by_key(|(index, _)| *index);
        Ok(done.into_iter().map(|(_, value)| value).collect())
    }
}

impl<T> fmt::Debug for TaskStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStream")
            .field("begun", &self.index)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Where the tasks of a stream come from.
trait Source<T>: Send {
    fn has_more(&mut self) -> bool;

    /// Starts the task of the next input, if there is one.
    fn start(&mut self, place: PoolPermit, limits: &Limits) -> Option<TaskHandle<Timed<T>>>;

    /// Passes over the next input, which has its result already.
    fn skip(&mut self);
}

/// What a task of a stream returns.
type Timed<T> = Result<T, Elapsed>;

struct Inputs<I: Iterator, F> {
    inputs: Peekable<I>,
    work: Arc<F>,
}

impl<T, I, F, R> Source<T> for Inputs<I, F>
where
    T: Send + 'static,
    I: Iterator<Item: Send + 'static> + Send,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
    R: Future<Output = T> + Send + 'static,
{
    fn has_more(&mut self) -> bool {
        self.inputs.peek().is_some()
    }

    fn start(&mut self, place: PoolPermit, limits: &Limits) -> Option<TaskHandle<Timed<T>>> {
        let input = self.inputs.next()?;
        let (work, timeout) = (Arc::clone(&self.work), limits.timeout);
        let node = place.node().clone();
        let task = async move {
            let work = pin!(work(input));
            let Some(timeout) = timeout else { return Ok(work.await) };
            let result = node.deadlines().within(timeout).limit(work).await;
            if result.is_err() {
                telemetry::task_timed_out();
            }
            result
        };
        Some(place.spawn_owned(task, limits.owner.as_ref().map(Dependents::attach)))
    }

    fn skip(&mut self) {
        drop(self.inputs.next());
    }
}

/// One task that was begun and not handed over.
struct Flight<T> {
    index: usize,
    handle: TaskHandle<Timed<T>>,
}

impl<T> Future for Flight<T> {
    type Output = TaskItem<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let Poll::Ready(ended) = Pin::new(&mut self.handle).poll(cx) else { return Poll::Pending };
        let result = match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Elapsed)) => Err(ItemError::TimedOut),
            Err(error) => Err(ItemError::from(error)),
        };
        Poll::Ready(TaskItem { index: self.index, result })
    }
}

/// The tasks that were begun and not handed over.
enum Flights<T> {
    Ordered(VecDeque<Flight<T>>),
    Unordered(FuturesUnordered<Flight<T>>),
}

impl<T> Flights<T> {
    fn len(&self) -> usize {
        match self {
            Self::Ordered(flights) => flights.len(),
            Self::Unordered(flights) => flights.len(),
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&mut self, flight: Flight<T>) {
        match self {
            Self::Ordered(flights) => flights.push_back(flight),
            Self::Unordered(flights) => flights.push(flight),
        }
    }

    fn abort(&self) {
        match self {
            Self::Ordered(flights) => flights.iter().for_each(|flight| flight.handle.abort()),
            Self::Unordered(flights) => flights.iter().for_each(|flight| flight.handle.abort()),
        }
    }

    /// The next one to be handed over; `None` if there is none.
    async fn next(&mut self) -> Option<TaskItem<T>> {
        match self {
            Self::Ordered(flights) => {
                // It leaves the line when it is over, so that a wait that is given up loses nothing.
                let item = flights.front_mut()?.await;
                flights.pop_front();
                Some(item)
            }
            Self::Unordered(flights) => flights.next().await,
        }
    }
}
