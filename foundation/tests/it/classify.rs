//! What callers learn of an error without matching it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foundation::ErrorClass::{Business, Infrastructure, System, Validation};
use foundation::Severity::{Critical, High, Low, Medium};
use foundation::time::Elapsed;
use foundation::{
    AcquireError, Algorithm, AttemptError, BatchError, BlockingError, BlockingFailure,
    BreakerConfigError, BreakerError, BuryFailure, CallError, CastError, CastFailure, ChildError,
    Classification, Classify, DeadLetterSinkError, DeliveryFailure, ErrorClass, ExitReason,
    ItemError, MetadataError, NameError, Node, NodeConfig, NodeError, PoolError, RateError,
    RateWaitError, Recover, ResourceLimits, SendError, SendFailure, Severity, SpecError,
    StartChildError, StartError, StashError, StashFailure, SuspendError, TaskError, TimeoutsError,
};

/// One error: its name, what it is, and what it should be.
type Row = (&'static str, Classification, (ErrorClass, Severity, bool));

macro_rules! row {
    ($name:literal, $error:expr, $class:ident, $severity:ident, $retryable:literal) => {
        ($name, $error.classification(), ($class, $severity, $retryable))
    };
}

fn of_messages() -> Vec<Row> {
    let refused = |cause| CastError { message: (), cause };
    let unsent = |cause| SendError { message: (), cause };
    let aside = |cause| StashError { message: (), cause };
    let work = |cause| BlockingError { work: (), cause };
    let down = || ExitReason::Killed;
    vec![
        row!("CastFailure::Full", CastFailure::Full, Infrastructure, Low, true),
        row!("CastFailure::NoProc", CastFailure::NoProc, Infrastructure, Medium, false),
        row!("CastError", refused(CastFailure::Full), Infrastructure, Low, true),
        row!("SendFailure::Timeout", SendFailure::Timeout, Infrastructure, Low, true),
        row!("SendFailure::Full", SendFailure::Full, Infrastructure, Low, true),
        row!("SendFailure::NoProc", SendFailure::NoProc, Infrastructure, Medium, false),
        row!("SendError", unsent(SendFailure::NoProc), Infrastructure, Medium, false),
        row!("CallError::Timeout", CallError::Timeout, Infrastructure, Medium, true),
        row!("CallError::Down", CallError::Down(down()), Infrastructure, Medium, true),
        row!("CallError::Full", CallError::Full, Infrastructure, Low, true),
        row!("CallError::NoProc", CallError::NoProc, Infrastructure, Medium, true),
        row!("CallError::NoReply", CallError::NoReply, System, High, false),
        row!("CallError::SelfCall", CallError::SelfCall, System, High, false),
        row!("SendFailure::SelfSend", SendFailure::SelfSend, System, High, false),
        row!(
            "DeliveryFailure::NotAccepted",
            DeliveryFailure::NotAccepted(SendFailure::Full),
            Infrastructure,
            Low,
            true
        ),
        row!(
            "DeliveryFailure::NotAccepted (to oneself)",
            DeliveryFailure::NotAccepted(SendFailure::SelfSend),
            System,
            High,
            false
        ),
        row!("DeliveryFailure::Withheld", DeliveryFailure::Withheld, Infrastructure, Low, true),
        row!("DeliveryFailure::Died", DeliveryFailure::Died(down()), Infrastructure, Medium, false),
        row!("DeliveryFailure::Timeout", DeliveryFailure::Timeout, Infrastructure, Medium, false),
        row!("DeliveryFailure::Dropped", DeliveryFailure::Dropped, Infrastructure, Low, true),
        row!("StashFailure::Full", StashFailure::Full, Infrastructure, Medium, false),
        row!(
            "StashFailure::AlreadyStashed",
            StashFailure::AlreadyStashed,
            Validation,
            Medium,
            false
        ),
        row!("StashFailure::NoMessage", StashFailure::NoMessage, Validation, Medium, false),
        row!("StashError", aside(StashFailure::NoMessage), Validation, Medium, false),
        row!("BlockingFailure::Full", BlockingFailure::Full, Infrastructure, Low, true),
        row!("BlockingFailure::NoRuntime", BlockingFailure::NoRuntime, Validation, Medium, false),
        row!("BlockingFailure::NoThread", BlockingFailure::NoThread, Infrastructure, High, true),
        row!("BlockingError", work(BlockingFailure::Full), Infrastructure, Low, true),
        row!("Elapsed", Elapsed, Infrastructure, Medium, true),
    ]
}

fn of_starts() -> Vec<Row> {
    let spec = || SpecError::ZeroPeriod;
    let (panic, failed) = (ExitReason::Panic("boom".into()), || ExitReason::Shutdown);
    vec![
        row!("StartError::Failed", StartError::Failed(panic), System, High, false),
        row!("StartError::Ignored", StartError::Ignored, Business, Low, false),
        row!(
            "StartError::Child",
            StartError::Child { id: "a".into(), reason: failed() },
            Infrastructure,
            Medium,
            false
        ),
        row!("StartError::Spec", StartError::Spec(spec()), Validation, Medium, false),
        row!(
            "StartChildError::AlreadyPresent",
            StartChildError::AlreadyPresent,
            Business,
            Low,
            false
        ),
        row!(
            "StartChildError::MaxChildren",
            StartChildError::MaxChildren,
            Infrastructure,
            Medium,
            true
        ),
        row!("StartChildError::Spec", StartChildError::Spec(spec()), Validation, Medium, false),
        row!(
            "StartChildError::Failed",
            StartChildError::Failed(failed()),
            Infrastructure,
            Medium,
            false
        ),
        row!("StartChildError::Ignored", StartChildError::Ignored, Business, Low, false),
        row!(
            "StartChildError::Call",
            StartChildError::Call(CallError::NoReply),
            System,
            High,
            false
        ),
    ]
}

fn of_trees() -> Vec<Row> {
    let id = || "a".into();
    let failed = || ExitReason::Shutdown;
    vec![
        row!(
            "SpecError::DuplicateId",
            SpecError::DuplicateId { id: id() },
            Validation,
            Medium,
            false
        ),
        row!(
            "SpecError::SignificantPermanent",
            SpecError::SignificantPermanent { id: id() },
            Validation,
            Medium,
            false
        ),
        row!(
            "SpecError::SignificantWithoutAutoShutdown",
            SpecError::SignificantWithoutAutoShutdown { id: id() },
            Validation,
            Medium,
            false
        ),
        row!(
            "SpecError::SignificantDynamic",
            SpecError::SignificantDynamic { id: id() },
            Validation,
            Medium,
            false
        ),
        row!("SpecError::ZeroPeriod", SpecError::ZeroPeriod, Validation, Medium, false),
        row!("ChildError::NotFound", ChildError::NotFound, Business, Low, false),
        row!("ChildError::Running", ChildError::Running, Business, Low, false),
        row!("ChildError::Restarting", ChildError::Restarting, Infrastructure, Low, true),
        row!("ChildError::Dynamic", ChildError::Dynamic, Validation, Medium, false),
        row!("ChildError::Failed", ChildError::Failed(failed()), Infrastructure, Medium, false),
        row!("ChildError::Ignored", ChildError::Ignored, Business, Low, false),
        row!("ChildError::Call", ChildError::Call(CallError::Full), Infrastructure, Low, true),
        row!(
            "NameError::TypeMismatch",
            NameError::TypeMismatch { key: "a".into() },
            Validation,
            Medium,
            false
        ),
        row!("NodeError::PanicAbort", NodeError::PanicAbort, System, Critical, false),
        row!(
            "NodeError::Watchdog",
            NodeError::Watchdog(std::io::ErrorKind::WouldBlock),
            Infrastructure,
            High,
            true
        ),
        row!("SuspendError::Timeout", SuspendError::Timeout, Infrastructure, Low, true),
        row!("SuspendError::Down", SuspendError::Down(failed()), Infrastructure, Medium, false),
        row!("SuspendError::NoProc", SuspendError::NoProc, Infrastructure, Medium, false),
        row!("SuspendError::SelfCall", SuspendError::SelfCall, Validation, Medium, false),
        row!("SuspendError::Unsupported", SuspendError::Unsupported, Validation, Medium, false),
    ]
}

fn of_limits() -> Vec<Row> {
    let node = Node::new(NodeConfig::default()).expect("panics unwind");
    let unknown = ResourceLimits::new(&node, []).kind("none").expect_err("there are no kinds");
    let amount = AcquireError::Amount { asked: 2, limit: 1 };
    let batch = BatchError::<()> { index: 0, error: ItemError::TimedOut, others: Vec::new() };
    vec![
        row!("PoolError::Closed", PoolError::Closed, Infrastructure, Medium, false),
        row!("PoolError::Full", PoolError::Full, Infrastructure, Low, true),
        row!("TaskError::Panicked", TaskError::Panicked("boom".into()), System, High, false),
        row!("TaskError::Aborted", TaskError::Aborted, Business, Low, false),
        row!("TaskError::PoolDown", TaskError::PoolDown, Infrastructure, Medium, false),
        row!("ItemError::Panicked", ItemError::Panicked("boom".into()), System, High, false),
        row!("ItemError::TimedOut", ItemError::TimedOut, Infrastructure, Medium, true),
        row!("ItemError::Aborted", ItemError::Aborted, Business, Low, false),
        row!("ItemError::PoolDown", ItemError::PoolDown, Infrastructure, Medium, false),
        row!("ItemError::Refused", ItemError::Refused, Infrastructure, Low, true),
        row!("BatchError", batch, Infrastructure, Medium, true),
        row!("AcquireError::Full", AcquireError::Full, Infrastructure, Low, true),
        row!("AcquireError::QueueFull", AcquireError::QueueFull, Infrastructure, Medium, true),
        row!("AcquireError::Timeout", AcquireError::Timeout, Infrastructure, Medium, true),
        row!("AcquireError::Amount", amount, Validation, Medium, false),
        row!("UnknownResource", unknown, Validation, Medium, false),
    ]
}

/// Those that name a living process, which only a tree can make.
async fn of_holders() -> Vec<Row> {
    let tree = test_helpers::IsolatedTree::start(crate::support::supervisor(
        foundation::Strategy::OneForOne,
    ));
    let tree = tree.await.expect("the tree starts");
    let pid = tree.handle().process().expect("the root lives").pid();
    tree.shutdown().await;
    vec![
        row!("StartError::AlreadyStarted", StartError::AlreadyStarted(pid), Business, Low, false),
        row!(
            "StartChildError::AlreadyStarted",
            StartChildError::AlreadyStarted(pid),
            Business,
            Low,
            false
        ),
    ]
}

fn of_letters() -> Vec<Row> {
    vec![
        row!("AttemptError::NoAddress", AttemptError::NoAddress, Infrastructure, Medium, false),
        row!("AttemptError::TypeMismatch", AttemptError::TypeMismatch, Validation, Medium, false),
        row!("AttemptError::NoProc", AttemptError::NoProc, Infrastructure, Medium, true),
        row!("AttemptError::Timeout", AttemptError::Timeout, Infrastructure, Medium, true),
        row!(
            "AttemptError::Died",
            AttemptError::Died(ExitReason::Killed),
            Infrastructure,
            Medium,
            true
        ),
        row!("AttemptError::Full", AttemptError::Full, Infrastructure, Low, true),
        row!("AttemptError::Dropped", AttemptError::Dropped, Infrastructure, Low, true),
        row!("AttemptError::Unreadable", AttemptError::Unreadable, Infrastructure, High, false),
        row!("BuryFailure::NoSink", BuryFailure::NoSink, Validation, Medium, false),
        row!(
            "BuryFailure::Sink",
            BuryFailure::Sink(DeadLetterSinkError::Full),
            Infrastructure,
            Medium,
            false
        ),
        row!("BuryFailure::Timeout", BuryFailure::Timeout, Infrastructure, Medium, false),
        row!("MetadataError::TooMany", MetadataError::TooMany, Validation, Medium, false),
        row!("MetadataError::TooLong", MetadataError::TooLong, Validation, Medium, false),
    ]
}

fn of_sinks() -> Vec<Row> {
    vec![
        row!("DeadLetterSinkError::Full", DeadLetterSinkError::Full, Infrastructure, Medium, true),
        row!(
            "DeadLetterSinkError::Closed",
            DeadLetterSinkError::Closed,
            Infrastructure,
            High,
            false
        ),
        row!(
            "DeadLetterSinkError::Dropped",
            DeadLetterSinkError::Dropped,
            Infrastructure,
            High,
            false
        ),
        row!(
            "DeadLetterSinkError::NoRoom",
            DeadLetterSinkError::NoRoom,
            Infrastructure,
            High,
            false
        ),
        row!(
            "DeadLetterSinkError::NotEncodable",
            DeadLetterSinkError::NotEncodable,
            Validation,
            Medium,
            false
        ),
        row!(
            "DeadLetterSinkError::TooLarge",
            DeadLetterSinkError::TooLarge { bytes: 2, limit: 1 },
            Validation,
            Medium,
            false
        ),
        row!(
            "DeadLetterSinkError::Failed",
            DeadLetterSinkError::Failed(Arc::new(PoolError::Full)),
            Infrastructure,
            High,
            false
        ),
    ]
}

fn of_breakers() -> Vec<Row> {
    let retry_after = std::time::Duration::ZERO;
    vec![
        row!(
            "BreakerConfigError::NoThreshold",
            BreakerConfigError::NoThreshold,
            Validation,
            Medium,
            false
        ),
        row!(
            "BreakerConfigError::NoWindow",
            BreakerConfigError::NoWindow,
            Validation,
            Medium,
            false
        ),
        row!("BreakerConfigError::Percent", BreakerConfigError::Percent, Validation, Medium, false),
        row!(
            "BreakerConfigError::NoProbes",
            BreakerConfigError::NoProbes,
            Validation,
            Medium,
            false
        ),
        row!(
            "BreakerConfigError::NoResetTimeout",
            BreakerConfigError::NoResetTimeout,
            Validation,
            Medium,
            false
        ),
        row!(
            "BreakerConfigError::TooMany",
            BreakerConfigError::TooMany { most: 1 },
            Validation,
            Medium,
            false
        ),
        row!(
            "BreakerError::Open",
            BreakerError::<PoolError>::Open { retry_after },
            Infrastructure,
            Medium,
            true
        ),
        row!(
            "BreakerError::Probing",
            BreakerError::<PoolError>::Probing,
            Infrastructure,
            Medium,
            true
        ),
        row!(
            "BreakerError::Failed",
            BreakerError::Failed(CallError::SelfCall),
            System,
            High,
            false
        ),
    ]
}

fn of_rates() -> Vec<Row> {
    vec![
        row!("RateError::NoPeriod", RateError::NoPeriod, Validation, Medium, false),
        row!("RateError::PeriodTooLong", RateError::PeriodTooLong, Validation, Medium, false),
        row!("RateError::NoKeys", RateError::NoKeys, Validation, Medium, false),
        row!(
            "RateError::LimitTooLarge",
            RateError::LimitTooLarge { most: 1 },
            Validation,
            Medium,
            false
        ),
        row!(
            "RateError::OtherAlgorithm",
            RateError::OtherAlgorithm { current: Algorithm::FixedWindow },
            Validation,
            Medium,
            false
        ),
        row!("RateWaitError::Timeout", RateWaitError::Timeout, Infrastructure, Low, true),
        row!("RateWaitError::Never", RateWaitError::Never { limit: 1 }, Validation, Medium, false),
        row!("TimeoutsError::Zero", TimeoutsError::Zero, Validation, Medium, false),
        row!("TimeoutsError::TooLong", TimeoutsError::TooLong, Validation, Medium, false),
        row!("TimeoutsError::TooMany", TimeoutsError::TooMany, Validation, Medium, false),
    ]
}

async fn table() -> Vec<Row> {
    let kernel = [of_messages(), of_starts(), of_trees(), of_limits()].concat();
    let limits = [of_letters(), of_sinks(), of_breakers(), of_rates()].concat();
    [kernel, limits, of_holders().await].concat()
}

#[tokio::test]
async fn every_error_is_what_the_table_says() {
    for (name, is, (class, severity, is_retryable)) in table().await {
        let is = (is.class(), is.severity(), is.is_retryable());
        assert_eq!(is, (class, severity, is_retryable), "{name}");
    }
}

#[tokio::test]
async fn a_retry_is_for_infrastructure_alone_and_a_bug_is_never_harmless() {
    for (name, is, _) in table().await {
        assert!(!is.is_retryable() || is.class() == Infrastructure, "{name}");
        assert!(!is.is_retryable() || is.severity() < Critical, "{name}");
        assert!(is.class() != System || is.severity() >= High, "{name}");
    }
}

/// All `.rs` files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The variants of the public enums that are errors, by name, as the sources have them.
fn error_enums() -> BTreeMap<String, Vec<String>> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let mut enums = BTreeMap::new();
    for file in found {
        let text = std::fs::read_to_string(&file).expect("it is text");
        for body in text.split("\npub enum ").skip(1) {
            let name: String = body.chars().take_while(|c| c.is_alphanumeric()).collect();
            // What to do on a failure is none.
            let is_error = name.ends_with("Error") || name.ends_with("Failure");
            if !is_error || name == "OnFailure" {
                continue;
            }
            let body = body.split("\n}").next().expect("it has an end");
            // A variant is indented once; what it holds is indented twice.
            let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
            let variants =
                variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
            let word = |line: &str| line.chars().take_while(|c| c.is_alphanumeric()).collect();
            enums.insert(name, variants.map(word).collect());
        }
    }
    enums
}

#[tokio::test]
async fn the_table_has_every_variant_of_every_error() {
    let named: Vec<_> = table().await.into_iter().map(|(name, ..)| name.to_owned()).collect();
    let enums = error_enums();
    assert!(enums.len() > 15, "the sources are read");
    let missing: Vec<_> = enums
        .iter()
        .flat_map(|(name, variants)| {
            variants.iter().map(move |variant| format!("{name}::{variant}"))
        })
        .filter(|variant| !named.contains(variant))
        .collect();
    assert_eq!(missing, [""; 0], "a variant that the table does not have");
}

#[test]
fn what_a_method_of_its_own_says_is_what_the_trait_says() {
    let calls = [
        CallError::Timeout,
        CallError::Down(ExitReason::Killed),
        CallError::Full,
        CallError::NoProc,
        CallError::NoReply,
        CallError::SelfCall,
    ];
    for error in calls {
        assert_eq!(error.is_retryable(), Classify::is_retryable(&error), "{error}");
    }
    for cause in [CastFailure::Full, CastFailure::NoProc] {
        let error = CastError { message: (), cause };
        assert_eq!(error.is_retryable(), Classify::is_retryable(&error), "{error}");
    }
    let deliveries = [
        DeliveryFailure::NotAccepted(SendFailure::NoProc),
        DeliveryFailure::NotAccepted(SendFailure::SelfSend),
        DeliveryFailure::Withheld,
        DeliveryFailure::Died(ExitReason::Killed),
        DeliveryFailure::Timeout,
        DeliveryFailure::Dropped,
    ];
    for error in deliveries {
        assert_eq!(error.is_retryable(), Classify::is_retryable(&error), "{error}");
    }
}

#[test]
fn a_recovery_is_for_its_own_class_and_leaves_every_other_error_as_it_is() {
    let error = || Err::<u8, _>(PoolError::Full);
    assert_eq!(error().recover_infrastructure(|_| 1), Ok(1));
    assert_eq!(error().recover_business(|_| 1), Err(PoolError::Full));
    assert_eq!(error().recover_validation(|_| 1), Err(PoolError::Full));
    let error = || Err::<u8, _>(TaskError::Aborted);
    assert_eq!(error().recover_business(|_| 1), Ok(1));
    let error = || Err::<u8, _>(StashFailure::NoMessage);
    assert_eq!(error().recover_validation(|_| 1), Ok(1));
    let bug = || Err::<u8, _>(TaskError::Panicked("boom".into()));
    assert!(bug().recover_infrastructure(|_| 1).is_err());
    assert!(bug().recover_business(|_| 1).is_err() && bug().recover_validation(|_| 1).is_err());
    assert_eq!(Ok::<_, PoolError>(2).recover_infrastructure(|_| 1), Ok(2));
}
