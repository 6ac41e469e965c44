//! A service that fails for a while, behind a rate limiter, a circuit breaker, retries and dead letters.
//!
//! ```text
//! cargo run -p foundation --example flaky_service [ORDERS]
//! ```
//!
//! Orders come in faster than the limiter lets through. The service works, then crashes at three of four orders for a while, and
//! works again. A line for every tenth of the orders shows the counts. In the end the dead
//! letters are tried again, and the totals must add up: sent = handled + dead letters + rejected.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use foundation::{
    Backoff, BreakerRejected, CircuitBreaker, CircuitBreakerConfig, Context, DeadLetterCodec,
    DeadLetterFilter, Dedup, Exit, Fate, GenServer, MessageId, Name, Node, NodeConfig, OnFailure,
    Rate, RateLimiter, Seen, SendOptions, ServerSpec, Strategy, Supervisor, SupervisorSpec,
    SystemClock, TripRule, handled_at_least_once,
};

/// One order. The id makes a second delivery of it harmless.
#[derive(Clone)]
struct Order {
    id: MessageId,
    number: u64,
}

impl Order {
    fn to_bytes(&self) -> Vec<u8> {
        let (run, message) = self.id.into_parts();
        [run, message, self.number].iter().flat_map(|part| part.to_be_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let parts: [u8; 24] = bytes.try_into().ok()?;
        let part = |at: usize| Some(u64::from_be_bytes(parts.get(at..at + 8)?.try_into().ok()?));
        Some(Self { id: MessageId::from_parts(part(0)?, part(8)?), number: part(16)? })
    }
}

/// What outlives the crashes of the service, as a database would.
struct Books {
    /// Orders that had an effect.
    filled: AtomicU64,
    /// The service crashes at three of four orders.
    is_ill: AtomicBool,
}

struct Service {
    books: Arc<Books>,
    known: Dedup,
}

impl GenServer for Service {
    type Args = Arc<Books>;
    type Msg = Order;

    async fn init(books: Arc<Books>, _cx: &mut Context<Self>) -> Result<Self, Exit> {
        Ok(Self { books, known: Dedup::new(10_000) })
    }

    async fn handle(&mut self, order: Order, cx: &mut Context<Self>) -> Result<(), Exit> {
        if self.books.is_ill.load(Ordering::Relaxed) && !order.number.is_multiple_of(4) {
            return Err(Exit::error("the warehouse does not answer"));
        }
        let now = cx.node().clock().monotonic();
        if self.known.admit(order.id, now) == Seen::New {
            self.books.filled.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What became of the orders, as the client knows it.
#[derive(Default)]
struct Counts {
    sent: u64,
    handled: u64,
    dead: u64,
    limited: u64,
    refused: u64,
}

impl Counts {
    fn rejected(&self) -> u64 {
        self.limited + self.refused
    }

    fn add_up(&self) -> bool {
        self.sent == self.handled + self.dead + self.rejected()
    }
}

struct Client {
    node: Node,
    service: Name<Order>,
    limiter: RateLimiter,
    breaker: CircuitBreaker,
    options: SendOptions,
    counts: Counts,
}

impl Client {
    fn new(node: &Node, service: &Name<Order>) -> Result<Self, Box<dyn Error>> {
        let clock = Arc::new(SystemClock::new());
        let config = CircuitBreakerConfig::default()
            .trip(TripRule::Consecutive(3))
            .success_threshold(2)
            .reset_timeout(Duration::from_millis(20));
        let pause = Backoff { base: Duration::from_millis(1), ..Backoff::default() };
        Ok(Self {
            node: node.clone(),
            service: service.clone(),
            limiter: RateLimiter::new(
                Rate::gcra(1_000, Duration::from_secs(1)),
                Arc::<SystemClock>::clone(&clock),
            )?,
            breaker: CircuitBreaker::new(config, clock)?,
            options: SendOptions::within(Duration::from_secs(5))
                .attempt_timeout(Duration::from_secs(1))
                .retries(1, pause)
                .on_failure(OnFailure::DeadLetter),
            counts: Counts::default(),
        })
    }

    /// Places one order. It is counted in exactly one place.
    async fn place(&mut self, number: u64) {
        self.counts.sent += 1;
        if self.limiter.check().is_err() {
            self.counts.limited += 1;
            return;
        }
        let order = Order { id: self.node.next_message_id(), number };
        let (service, options) = (&self.service, &self.options);
        let send = || handled_at_least_once(service, order, options);
        match self.breaker.call_async_if(Result::is_err, send).await {
            Ok(Ok(_handled)) => self.counts.handled += 1,
            Ok(Err(error)) => {
                assert!(matches!(error.fate, Fate::DeadLetter), "{error}");
                self.counts.dead += 1;
            }
            Err(BreakerRejected::Open { .. } | BreakerRejected::Probing) => {
                self.counts.refused += 1;
            }
            Err(other) => panic!("a new way to be refused: {other}"),
        }
    }

    fn show(&self, out: &mut impl Write) -> std::io::Result<()> {
        let Counts { sent, handled, dead, limited, refused } = self.counts;
        let breaker = format!("{:?}", self.breaker.state());
        writeln!(out, "{sent:>8} {handled:>8} {dead:>8} {limited:>8} {refused:>8}   {breaker}")
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let orders: u64 = match std::env::args().nth(1) {
        Some(orders) => orders.parse().map_err(|why| format!("ORDERS is {orders:?}: {why}"))?,
        None => 5_000,
    };
    let out = &mut std::io::stdout();
    // A letter with a codec is kept until a copy of it has been handled.
    let codec = DeadLetterCodec::new("order", Order::to_bytes, Order::from_bytes);
    let node = Node::new(NodeConfig::default().dead_letter_codec(codec))?;
    let service = node.name::<Order>("service")?;
    let books = Arc::new(Books { filled: AtomicU64::new(0), is_ill: AtomicBool::new(false) });
    let child = ServerSpec::<Service>::new(Arc::clone(&books)).name(&service).child("service");
    let tree = SupervisorSpec::new(Strategy::OneForOne)
        .intensity(u32::MAX, Duration::from_secs(1))
        .child(child);
    let root = Supervisor::start(&node, tree).await?;

    let mut client = Client::new(&node, &service)?;
    writeln!(out, "    sent  handled     dead  limited  refused   breaker")?;
    let illness = orders / 5..orders / 2;
    for number in 0..orders {
        books.is_ill.store(illness.contains(&number), Ordering::Relaxed);
        client.place(number).await;
        if (number + 1).is_multiple_of((orders / 10).max(1)) {
            client.show(out)?;
        }
        if number.is_multiple_of(8) {
            foundation::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(client.counts.add_up(), "an order is lost");
    assert_eq!(node.dead_letters().counts().kept as u64, client.counts.dead);

    let report = node.dead_letters().retry(&DeadLetterFilter::all()).await;
    let delivered = report.delivered.len() as u64;
    client.counts.handled += delivered;
    client.counts.dead -= delivered;
    client.show(out)?;
    let Counts { sent, handled, dead, .. } = client.counts;
    let rejected = client.counts.rejected();
    writeln!(out, "{sent} sent = {handled} handled + {dead} dead letters + {rejected} rejected")?;
    assert!(client.counts.add_up(), "an order is lost");
    let filled = books.filled.load(Ordering::Relaxed);
    writeln!(out, "{filled} orders had an effect, none of them twice")?;
    assert!(filled >= handled, "what was handled had its effect");
    root.shutdown().await;
    Ok(())
}
