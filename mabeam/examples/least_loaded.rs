//! Gives each piece of work to the least-loaded agent that can do it.
//!
//! Four workers register what they can do and how much work waits for them. A dispatcher asks the
//! registry who is capable, takes the one with the smallest load, hands the work over, and prints
//! who got what. The work is real: counting primes, and counting words.
//!
//! Run it with `cargo run -p mabeam --example least_loaded`.

use std::error::Error;
use std::io::{self, Write};

use foundation::{
    CallError, Context, Exit, GenServer, Node, NodeConfig, Reply, ServerSpec, Strategy, Supervisor,
    SupervisorSpec,
};
use mabeam::{Agent, AgentId, Profile, Query, Registration, Registry, RegistryHandle, Value};

/// One piece of work.
#[derive(Debug, Clone)]
enum Job {
    /// How many primes are below the number?
    Primes(u32),
    /// How many words has the text?
    Words(&'static str),
}

impl Job {
    const fn capability(&self) -> &'static str {
        match self {
            Self::Primes(_) => "primes",
            Self::Words(_) => "words",
        }
    }

    /// How much work it is, in no particular unit.
    fn weight(&self) -> u32 {
        match self {
            Self::Primes(limit) => *limit,
            Self::Words(text) => u32::try_from(text.len()).unwrap_or(u32::MAX),
        }
    }

    fn run(&self) -> usize {
        match self {
            Self::Primes(limit) => (2..*limit)
                .filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
                .count(),
            Self::Words(text) => text.split_whitespace().count(),
        }
    }
}

/// An agent: takes jobs, does them, and keeps its load in the registry up to date.
struct Worker {
    args: WorkerArgs,
    registration: Registration,
    jobs: Vec<Job>,
}

#[derive(Clone)]
struct WorkerArgs {
    id: AgentId,
    capabilities: Vec<&'static str>,
    registry: RegistryHandle,
}

enum Msg {
    /// Takes a job; answered when the registry knows the new load.
    Take(Job, Reply<()>),
    /// Does all jobs that wait, and returns their results.
    Work(Reply<Vec<usize>>),
}

impl WorkerArgs {
    fn profile(&self, jobs: &[Job]) -> Profile {
        let load: u32 = jobs.iter().map(Job::weight).sum();
        let able = self.capabilities.iter().copied().fold(Profile::new(), Profile::capability);
        able.attribute("load", load)
    }
}

impl GenServer for Worker {
    type Args = WorkerArgs;
    type Msg = Msg;

    async fn init(args: WorkerArgs, cx: &mut Context<Self>) -> Result<Self, Exit> {
        let process = cx.this().process().clone();
        let registration =
            args.registry.register(args.id.clone(), process, args.profile(&[])).await?;
        Ok(Self { args, registration, jobs: Vec::new() })
    }

    async fn handle(&mut self, msg: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Take(job, reply) => {
                self.jobs.push(job);
                self.report_load().await?;
                reply.send(());
            }
            Msg::Work(reply) => {
                let results = self.jobs.drain(..).map(|job| job.run()).collect();
                self.report_load().await?;
                reply.send(results);
            }
        }
        Ok(())
    }
}

impl Worker {
    async fn report_load(&self) -> Result<(), Exit> {
        let profile = self.args.profile(&self.jobs);
        Ok(self.args.registry.update(&self.registration, profile).await?)
    }
}

fn load(agent: &Agent) -> i64 {
    match agent.profile().get("load") {
        Some(Value::Integer(load)) => *load,
        _ => i64::MAX,
    }
}

async fn tell<T>(agent: &Agent, make: impl FnOnce(Reply<T>) -> Msg) -> Result<T, CallError> {
    let worker = agent.process().server::<Msg>().ok_or(CallError::NoProc)?;
    worker.call(make).await
}

/// Hands out `jobs` and writes each assignment and each result to `out`.
async fn dispatch(
    registry: &RegistryHandle,
    jobs: &[Job],
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    for job in jobs {
        let able = registry.query(&Query::capability(job.capability()).and(Query::has("load")))?;
        // Agents come in the order of their ids, and the first of several equal ones is taken.
        let Some(agent) = able.iter().min_by_key(|agent| load(agent)) else {
            writeln!(out, "{job:?}: nobody can do it")?;
            continue;
        };
        tell(agent, |reply| Msg::Take(job.clone(), reply)).await?;
        writeln!(out, "{job:?} -> {} (load was {})", agent.id(), load(agent))?;
    }
    for agent in registry.query(&Query::gt("load", 0))? {
        writeln!(out, "{} found {:?}", agent.id(), tell(&agent, Msg::Work).await?)?;
    }
    writeln!(out, "still busy: {}", registry.query(&Query::gt("load", 0))?.len())?;
    Ok(())
}

/// Starts the registry and the workers, and hands out the work.
pub(crate) async fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let node = Node::new(NodeConfig::default())?;
    let registry = Registry::new(&node, "agents")?;
    let worker = |id: &str, capabilities: &[&'static str]| {
        let capabilities = capabilities.to_vec();
        let args = WorkerArgs { id: id.parse()?, capabilities, registry: registry.handle() };
        Ok::<_, mabeam::AgentIdError>(ServerSpec::<Worker>::new(args).child(id))
    };
    let spec = SupervisorSpec::new(Strategy::RestForOne)
        .child(registry.child("registry"))
        .child(worker("ada", &["primes", "words"])?)
        .child(worker("emmy", &["primes"])?)
        .child(worker("grace", &["words"])?)
        .child(worker("idle", &[])?);
    let root = Supervisor::start(&node, spec).await?;
    let jobs = [
        Job::Primes(10_000),
        Job::Primes(1_000),
        Job::Primes(5_000),
        Job::Words("to be or not to be"),
        Job::Words("that is the question"),
        Job::Primes(4_500),
    ];
    let outcome = dispatch(&registry.handle(), &jobs, out).await;
    root.shutdown().await;
    outcome
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run(&mut io::stdout().lock()).await
}
