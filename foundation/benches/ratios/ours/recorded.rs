//! Tasks in a pool: what is counted most for what it costs.

use foundation::{Strategy, TaskSupervisorSpec};

use crate::ours::{node, tree};
use crate::rig::Stopwatch;

/// One task after another, each awaited: four metrics each.
pub(crate) async fn tasks(count: usize) -> f64 {
    let node = node();
    let spec = TaskSupervisorSpec::new().name(&node, "pool").expect("the name is free");
    let root = tree(&node, Strategy::OneForOne, [spec.as_child("pool")]).await;
    let pool = node.task_supervisor("pool").expect("the type fits");
    let pool = pool.resolve().await.expect("it runs");
    let watch = Stopwatch::start();
    let mut sum = 0;
    for number in 0..count {
        let task = pool.spawn(async move { number }).await.expect("there is room");
        sum += task.await.expect("it ends well");
    }
    let ns = watch.ns_each(count);
    assert_eq!(sum, (0..count).sum::<usize>(), "every task ran");
    root.shutdown().await;
    ns
}
