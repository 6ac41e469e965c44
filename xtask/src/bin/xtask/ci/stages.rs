//! What each stage runs.

use std::path::PathBuf;

use super::runner::Runner;
use crate::bench::{self, BenchOptions};
use crate::conformance::{self, ConformanceOptions};
use crate::house;
use foundation_xtask::{Builder, Failure, Member, Verdict, has_subcommand};

/// How many idle processes show that the example works.
const IDLE_PROCESSES: &str = "2000";

/// How many live monitors show that the example works.
const LIVE_MONITORS: &str = "20000";
/// Orders that the smoke run of `flaky_service` places.
const ORDERS: &str = "2000";

/// One part of the bench stage.
type Smoke<'a> = fn(&Runner<'a>) -> Result<Verdict, Failure>;

impl Runner<'_> {
    pub(super) fn fmt(&self) -> Result<Verdict, Failure> {
        if !self.component("fmt", "rustfmt")? {
            return Ok(Verdict::Findings);
        }
        self.cargo(&["fmt", "--all", "--check"], &[])
    }

    pub(super) fn house(&self) -> Result<Verdict, Failure> {
        house::run(self.metadata)
    }

    pub(super) fn lint(&self) -> Result<Verdict, Failure> {
        self.say("$ cargo xtask lint --locked")?;
        let manifest = self.metadata.root().join("Cargo.toml").to_string_lossy().into_owned();
        let line = ["lint", "--locked", "--manifest-path", &manifest];
        Builder::new().run(line.map(str::to_owned))
    }

    pub(super) fn clippy(&self) -> Result<Verdict, Failure> {
        if !self.component("clippy", "clippy")? {
            return Ok(Verdict::Findings);
        }
        let args = "clippy --workspace --all-targets --all-features --keep-going --locked \
                    -- -D warnings";
        self.cargo(&words(args), &[])
    }

    /// Each library as a user of it alone would build it, and its tests as `cargo test -p` would.
    pub(super) fn alone(&self) -> Result<Verdict, Failure> {
        for member in self.metadata.members().iter().filter(|member| member.is_library()) {
            let name = member.name();
            for extra in [&[][..], &["--no-default-features"], &["--tests"]] {
                let args = [&["check", "--quiet", "--locked", "-p", name], extra].concat();
                let code = self.cargo(&args, &[])?;
                if code != Verdict::Clean {
                    return Ok(code);
                }
            }
        }
        Ok(Verdict::Clean)
    }

    pub(super) fn doc(&self) -> Result<Verdict, Failure> {
        let args = "doc --workspace --no-deps --all-features --locked";
        self.cargo(&words(args), &[("RUSTDOCFLAGS", "-D warnings")])
    }

    /// The models run with two preemptions, which finds nearly everything at a bearable cost, and
    /// optimised, because a model is nothing but computing.
    pub(super) fn loom(&self) -> Result<Verdict, Failure> {
        let has_model = |member: &&Member| member.folder().join("tests/loom.rs").is_file();
        let models: Vec<&Member> = self.metadata.members().iter().filter(has_model).collect();
        if models.is_empty() {
            self.say("no crate has tests/loom.rs: nothing to run")?;
        }
        let folder: PathBuf = self.metadata.target_folder().join("loom");
        let folder = folder.to_string_lossy().into_owned();
        let variables = [
            ("RUSTFLAGS", "--cfg loom"),
            ("LOOM_MAX_PREEMPTIONS", "2"),
            ("CARGO_PROFILE_DEV_OPT_LEVEL", "2"),
            ("CARGO_TARGET_DIR", folder.as_str()),
        ];
        for model in models {
            let args = ["test", "--locked", "-p", model.name(), "--test", "loom"];
            let code = self.cargo(&args, &variables)?;
            if code != Verdict::Clean {
                return Ok(code);
            }
        }
        Ok(Verdict::Clean)
    }

    pub(super) fn doctest(&self) -> Result<Verdict, Failure> {
        self.cargo(&words("test --doc --workspace --all-features --locked --no-fail-fast"), &[])
    }

    /// Built as the tests are, so that the stage costs seconds; it measures nothing.
    pub(super) fn bench(&self) -> Result<Verdict, Failure> {
        let smokes: [(&str, Smoke<'_>); 5] = [
            ("benches/ratios/main.rs", Self::ratios),
            ("benches/kernel.rs", Self::kernel),
            ("examples/million_idle.rs", Self::idle),
            ("examples/million_monitors.rs", Self::monitors),
            ("examples/flaky_service.rs", Self::flaky),
        ];
        for (file, smoke) in smokes {
            if !self.metadata.members().iter().any(|member| member.folder().join(file).is_file()) {
                self.say(&format!("no crate has {file}: nothing to run"))?;
                continue;
            }
            let code = smoke(self)?;
            if code != Verdict::Clean {
                return Ok(code);
            }
        }
        Ok(Verdict::Clean)
    }

    fn ratios(&self) -> Result<Verdict, Failure> {
        self.say("$ cargo xtask bench ratios --smoke")?;
        bench::command(&BenchOptions { smoke: true, ..BenchOptions::default() })
    }

    /// Every criterion bench once.
    fn kernel(&self) -> Result<Verdict, Failure> {
        // All members, so that it shares the libraries that the tests were built with.
        let args = "test --quiet --locked --workspace --all-features --bench kernel -- --test";
        self.cargo(&words(args), &[])
    }

    /// A few of the million processes; the program itself looks whether all are there, answer and go.
    fn idle(&self) -> Result<Verdict, Failure> {
        self.example("million_idle", IDLE_PROCESSES)
    }

    /// A few of the million monitors; the program itself looks whether each fires once and none is left.
    fn monitors(&self) -> Result<Verdict, Failure> {
        self.example("million_monitors", LIVE_MONITORS)
    }

    /// The program itself looks whether its totals add up.
    fn flaky(&self) -> Result<Verdict, Failure> {
        self.example("flaky_service", ORDERS)
    }

    fn example(&self, name: &str, count: &str) -> Result<Verdict, Failure> {
        let build = "build --quiet --locked --workspace --all-features --example";
        let mut args = words(build);
        args.push(name);
        let code = self.cargo(&args, &[])?;
        if code != Verdict::Clean {
            return Ok(code);
        }
        let example = format!("debug/examples/{name}{}", std::env::consts::EXE_SUFFIX);
        self.program(&self.metadata.target_folder().join(example), &[count])
    }

    /// The same seeds every time.
    pub(super) fn conformance(&self) -> Result<Verdict, Failure> {
        self.say("$ cargo xtask conformance")?;
        conformance::run_in(self.metadata, ConformanceOptions::default())
    }

    /// Everything in the lock file is fetched first: the workspaces that the tests of the lint build
    /// have no network, and use packages that no build of this one needs.
    pub(super) fn test(&mut self) -> Result<Verdict, Failure> {
        let code = self.cargo(&["fetch", "--locked"], &[])?;
        if code != Verdict::Clean {
            return Ok(code);
        }
        if has_subcommand(self.metadata.root(), "nextest") {
            let args = "nextest run --workspace --all-targets --all-features --locked \
                        --no-fail-fast";
            let begins = |line: &str| line.trim_start().starts_with("Summary [");
            return self.cargo_with_summary(&words(args), begins, false);
        }
        self.say("cargo nextest is missing: the tests run under cargo test")?;
        let args = "test --workspace --lib --bins --tests --examples --all-features --locked \
                    --no-fail-fast";
        let begins = |line: &str| line.starts_with("test result: ");
        self.cargo_with_summary(&words(args), begins, true)
    }

    /// Says so when a toolchain component is missing; a check that cannot run has not passed.
    fn component(&self, subcommand: &str, component: &str) -> Result<bool, Failure> {
        let there = has_subcommand(self.metadata.root(), subcommand);
        if !there {
            self.say(&format!(
                "`cargo {subcommand}` is missing; `rustup component add {component}` installs it"
            ))?;
        }
        Ok(there)
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
