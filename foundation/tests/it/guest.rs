//! The first turn of a child is taken on the task of its supervisor. Nobody can tell, but for the order of things.

use foundation::{
    CallError, Context, Exit, ExitReason, GenServer, Reply, Restart, ServerSpec, StartChildError,
    Strategy, SupervisorRef,
};
use test_helpers::{IsolatedTree, Journal};

use crate::support::{is_killed, is_panic, is_pending, quiet, supervisor};

/// What an `init` does besides.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    CallYourself,
    CallYourselfLater,
    CallYourSupervisor,
    CastToYourself,
    KillYourself,
    KillYourselfLater,
    PanicLater,
}

struct Guest(Journal);

enum Msg {
    Get(Reply<u64>),
    Note,
}

type GuestArgs = (&'static str, Option<Deed>, Journal, Option<SupervisorRef>);

impl GenServer for Guest {
    type Args = GuestArgs;
    type Msg = Msg;

    async fn init(
        (name, deed, journal, parent): GuestArgs,
        cx: &mut Context<Self>,
    ) -> Result<Self, Exit> {
        if matches!(
            deed,
            Some(Deed::CallYourselfLater | Deed::KillYourselfLater | Deed::PanicLater)
        ) {
            tokio::task::yield_now().await;
        }
        match deed {
            Some(Deed::CallYourself | Deed::CallYourselfLater) => {
                let answer = cx.this().call(Msg::Get).await;
                assert!(matches!(answer, Err(CallError::SelfCall)), "{answer:?}");
            }
            Some(Deed::CallYourSupervisor) => {
                let parent = parent.expect("it is told who that is");
                let mut call = Box::pin(parent.count_children());
                // It would wait for ever: the supervisor waits for this very `init`.
                assert!(is_pending(&mut call), "somebody else is asked");
            }
            Some(Deed::CastToYourself) => assert!(cx.this().cast(Msg::Note).is_ok()),
            Some(Deed::KillYourself | Deed::KillYourselfLater) => {
                cx.this().process().exit(ExitReason::Killed);
                // Takes effect at the next await point, and this is none: the start is acknowledged.
            }
            Some(Deed::PanicLater) => panic!("later"),
            None => {}
        }
        journal.note(format!("+{name}"));
        Ok(Self(journal))
    }

    async fn handle(&mut self, message: Msg, _cx: &mut Context<Self>) -> Result<(), Exit> {
        match message {
            Msg::Get(reply) => reply.send(1),
            Msg::Note => self.0.note("handled"),
        }
        Ok(())
    }
}

async fn tree() -> (IsolatedTree, SupervisorRef, Journal) {
    let tree = IsolatedTree::start(supervisor(Strategy::OneForOne)).await.expect("it starts");
    let root = tree.handle().clone();
    (tree, root, Journal::new())
}

fn guest(
    name: &'static str,
    deed: Option<Deed>,
    journal: &Journal,
    parent: &SupervisorRef,
) -> foundation::ChildSpec {
    let args = (name, deed, journal.clone(), Some(parent.clone()));
    ServerSpec::<Guest>::new(args).child(name).restart(Restart::Temporary)
}

#[tokio::test]
async fn a_call_to_itself_from_init_is_refused_on_whatever_task_it_runs() {
    let (tree, root, journal) = tree().await;
    for (name, deed) in [("now", Deed::CallYourself), ("later", Deed::CallYourselfLater)] {
        root.start_child(guest(name, Some(deed), &journal, &root)).await.expect("it starts");
    }
    assert_eq!(journal.take(), ["+now", "+later"]);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_call_to_the_supervisor_from_init_is_no_call_to_itself() {
    let (tree, root, journal) = tree().await;
    let child = guest("a", Some(Deed::CallYourSupervisor), &journal, &root);
    root.start_child(child).await.expect("it starts");
    // Its own calls are told apart again afterwards.
    assert_eq!(root.count_children().await.expect("it answers").active, 1);
    tree.shutdown().await;
}

#[tokio::test]
async fn the_turn_on_the_supervisors_task_is_over_with_init() {
    let journal = Journal::new();
    let idle = |name, deed| {
        let args: GuestArgs = (name, deed, journal.clone(), None);
        ServerSpec::<Guest>::new(args).child(name)
    };
    let children = [idle("a", Some(Deed::CastToYourself)), idle("b", None)];
    let spec = supervisor(Strategy::OneForOne).children(children);
    let tree = IsolatedTree::start(spec).await.expect("it starts");
    quiet().await;
    assert_eq!(journal.take(), ["+a", "+b", "handled"], "no message is handled between two starts");
    tree.shutdown().await;
}

#[tokio::test]
async fn a_child_that_is_killed_in_init_ends_as_killed_and_its_supervisor_lives() {
    let (tree, root, journal) = tree().await;
    for (name, deed) in [("now", Deed::KillYourself), ("later", Deed::KillYourselfLater)] {
        let child = guest(name, Some(deed), &journal, &root);
        let process = root.start_child(child).await.expect("init was over");
        let down = process.monitor().down().await;
        assert!(is_killed(&process.exit_reason().expect("it has ended")), "{down:?}");
    }
    assert_eq!(root.count_children().await.expect("it lives").specs, 0);
    tree.shutdown().await;
}

#[tokio::test]
async fn a_panic_after_the_first_turn_of_init_is_a_failed_start() {
    let (tree, root, journal) = tree().await;
    let failed = root.start_child(guest("a", Some(Deed::PanicLater), &journal, &root)).await;
    let Err(StartChildError::Failed(reason)) = failed else { panic!("{failed:?}") };
    assert!(is_panic(&reason, "later"), "{reason:?}");
    assert_eq!(journal.take().len(), 0);
    assert_eq!(root.count_children().await.expect("it lives").specs, 0);
    tree.shutdown().await;
}
