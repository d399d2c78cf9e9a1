//! Tasks with pages: the cursor that a task sends itself, and the end of a chain that has none.

use crate::support::World;
use domain::customer::Customer;
use events::EventType;
use runtime::{Context, Function, Job, Outcome, Task, TaskSpec, function::TaskFunction};
use serde_json::{Value, json};
use table::cascades::MOST_STEPS;

/// A fault: it never gets to an end.
struct Endless;

impl Task for Endless {
    const SPEC: TaskSpec = TaskSpec::new("endless", "Never ends.", &[EventType::created::<Customer>()]);
    type Cursor = String;

    async fn run(_: &Context, job: Job) -> domain::Result<Outcome<String>> {
        Ok(Outcome::More(job.cursor.unwrap_or_default() + "x"))
    }
}

fn endless() -> TaskFunction {
    let Function::Task(task) = Function::task::<Endless>() else {
        unreachable!()
    };
    task
}

async fn event(world: &World) -> Value {
    world.tenant("acme").await;
    assert_eq!(world.run_trigger().await, None);
    world.spine.take().remove(0)
}

fn parsed(message: &Value) -> Value {
    serde_json::from_str(message.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn each_page_s_message_has_the_next_cursor_and_counts_the_pages() {
    let world = World::new().await;
    let mut message = event(&world).await;
    for page in 1..4 {
        assert!(world.deliver(&endless(), &[message]).await.is_empty());
        let mut sent = world.spine.take_sent();
        assert_eq!(sent.len(), 1);
        message = sent.remove(0);
        assert_eq!(parsed(&message)["cursor"], "x".repeat(page));
        assert_eq!(parsed(&message)["pages"], page);
    }
}

#[tokio::test]
async fn a_chain_of_pages_ends_at_the_limit() {
    let world = World::new().await;
    let detail = event(&world).await;
    let page = |pages: u32| json!(json!({"detail": detail, "cursor": "x", "pages": pages}).to_string());
    assert!(world.deliver(&endless(), &[page(MOST_STEPS - 2)]).await.is_empty());
    assert_eq!(world.spine.take_sent().len(), 1);
    // A permanent failure: SQS does not deliver the message again, and there is no next one.
    assert!(world.deliver(&endless(), &[page(MOST_STEPS - 1)]).await.is_empty());
    assert!(world.spine.take_sent().is_empty());
}

#[test]
fn the_limit_is_beyond_every_customer_that_the_service_is_built_for() {
    // A million entities of a kind, a hundred a page, and each kind has its own pages.
    assert!(MOST_STEPS >= 10_000 * table::entities::ALL.len() as u32);
    assert!(endless().spec.pages);
}
