//! A script as data: the tree, what its starts come to, and the steps.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::time::Duration;

use foundation::{AutoShutdown, Restart, Shutdown, Strategy};

/// One operation: a verb and its operands.
pub(crate) type Op = Vec<String>;

#[derive(Debug, Default)]
pub(crate) struct Script {
    /// In the order of the file, which is the start order of siblings.
    pub(crate) nodes: Vec<Node>,
    /// What the n-th start of a worker comes to, where it does not just start.
    pub(crate) plans: HashMap<(String, u64), Outcome>,
    /// The names that workers register, by label.
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) steps: Vec<Vec<Op>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) label: String,
    pub(crate) parent: String,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) is_significant: bool,
    /// Not in the list of its supervisor: started by a step.
    pub(crate) is_spare: bool,
    pub(crate) role: Role,
}

#[derive(Debug, Clone)]
pub(crate) enum Role {
    Supervisor {
        strategy: Strategy,
        auto_shutdown: AutoShutdown,
        intensity: u32,
        period: Duration,
    },
    Dynamic {
        intensity: u32,
        period: Duration,
        restart: Restart,
        shutdown: Shutdown,
        worker: Manners,
    },
    Worker(Manners),
}

/// How a worker takes an order to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manners {
    /// Traps exits; an OTP process that does not runs no `terminate`.
    pub(crate) is_trapping: bool,
    /// Never returns from it.
    pub(crate) is_stubborn: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Ignore,
    Fail(String),
}

type Parsed<T> = Result<T, Box<dyn Error>>;

impl Script {
    pub(crate) fn read_all(text: &str) -> Parsed<Vec<Script>> {
        let (mut scripts, mut script) = (Vec::new(), Script::default());
        for line in text.lines() {
            if line == "end" {
                scripts.push(std::mem::take(&mut script));
            } else {
                script.read(line).map_err(|error| format!("`{line}`: {error}"))?;
            }
        }
        Ok(scripts)
    }

    fn read(&mut self, line: &str) -> Parsed<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["script", _] => {}
            [
                "sup",
                label,
                parent,
                strategy,
                intensity,
                period,
                auto,
                restart,
                shutdown,
                significant,
                spare,
            ] => {
                let role = Role::Supervisor {
                    strategy: strategy_of(strategy)?,
                    auto_shutdown: auto_shutdown_of(auto)?,
                    intensity: intensity.parse()?,
                    period: Duration::from_secs(period.parse()?),
                };
                self.node([label, parent, restart, shutdown, significant, spare], role)?;
            }
            [
                "dyn",
                label,
                parent,
                intensity,
                period,
                restart,
                shutdown,
                significant,
                spare,
                kid_restart,
                kid_shutdown,
                trap,
                stubborn,
            ] => {
                let role = Role::Dynamic {
                    intensity: intensity.parse()?,
                    period: Duration::from_secs(period.parse()?),
                    restart: restart_of(kid_restart)?,
                    shutdown: shutdown_of(kid_shutdown)?,
                    worker: Manners { is_trapping: trap == "1", is_stubborn: stubborn == "1" },
                };
                self.node([label, parent, restart, shutdown, significant, spare], role)?;
            }
            ["worker", label, parent, restart, shutdown, significant, spare, trap, stubborn] => {
                let manners = Manners { is_trapping: trap == "1", is_stubborn: stubborn == "1" };
                let words = [label, parent, restart, shutdown, significant, spare];
                self.node(words, Role::Worker(manners))?;
            }
            ["plan", label, number, "ignore"] => self.plan(label, number, Outcome::Ignore)?,
            ["plan", label, number, "fail", why] => {
                self.plan(label, number, Outcome::Fail(why.to_owned()))?;
            }
            ["name", label, name] => {
                self.names.insert(label.to_owned(), name.to_owned());
            }
            ["step", ref ops @ ..] => {
                let ops = ops.split(|word| *word == ";");
                self.steps
                    .push(ops.map(|op| op.iter().map(ToString::to_string).collect()).collect());
            }
            _ => return Err("not a line of a script".into()),
        }
        Ok(())
    }

    fn node(&mut self, words: [&str; 6], role: Role) -> Parsed<()> {
        let [label, parent, restart, shutdown, significant, spare] = words;
        self.nodes.push(Node {
            label: label.to_owned(),
            parent: parent.to_owned(),
            restart: restart_of(restart)?,
            shutdown: shutdown_of(shutdown)?,
            is_significant: significant == "1",
            is_spare: spare == "1",
            role,
        });
        Ok(())
    }

    fn plan(&mut self, label: &str, number: &str, outcome: Outcome) -> Parsed<()> {
        self.plans.insert((label.to_owned(), number.parse()?), outcome);
        Ok(())
    }

    pub(crate) fn find(&self, label: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.label == label)
    }

    /// The children that a supervisor is started with.
    pub(crate) fn listed<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |node| node.parent == parent && !node.is_spare)
    }
}

fn strategy_of(word: &str) -> Parsed<Strategy> {
    Ok(match word {
        "one_for_one" => Strategy::OneForOne,
        "one_for_all" => Strategy::OneForAll,
        "rest_for_one" => Strategy::RestForOne,
        _ => return Err("no strategy".into()),
    })
}

fn auto_shutdown_of(word: &str) -> Parsed<AutoShutdown> {
    Ok(match word {
        "never" => AutoShutdown::Never,
        "any_significant" => AutoShutdown::AnySignificant,
        "all_significant" => AutoShutdown::AllSignificant,
        _ => return Err("no auto_shutdown".into()),
    })
}

fn restart_of(word: &str) -> Parsed<Restart> {
    Ok(match word {
        "permanent" => Restart::Permanent,
        "transient" => Restart::Transient,
        "temporary" => Restart::Temporary,
        _ => return Err("no restart type".into()),
    })
}

fn shutdown_of(word: &str) -> Parsed<Shutdown> {
    Ok(match word {
        "brutal" => Shutdown::BrutalKill,
        "infinity" => Shutdown::Infinity,
        millis => Shutdown::Timeout(Duration::from_millis(millis.parse()?)),
    })
}
