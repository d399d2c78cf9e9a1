//! Queues in a store that can be reopened.

use std::time::Duration;

use super::*;
use crate::plan::{self, Redrive};
use crate::store::Store;

fn planned(name: &str, dead_letter_queue: Option<&str>) -> plan::Queue {
    plan::Queue {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        visibility_timeout: 30,
        retention: 60,
        delay: 0,
        receive_wait: 0,
        redrive: dead_letter_queue.map(|queue| Redrive {
            dead_letter_queue: queue.to_owned(),
            max_receive_count: 2,
        }),
    }
}

/// The queues `tasks` and its dead-letter queue `dead`, in a folder that can be reopened.
struct Fixture {
    folder: tempfile::TempDir,
    sqs: Sqs,
}

impl Fixture {
    fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let sqs = Fixture::open(&folder);
        Fixture { folder, sqs }
    }

    fn open(folder: &tempfile::TempDir) -> Sqs {
        let store = Store::open(&folder.path().join("cloud.sqlite")).unwrap();
        Sqs::open(store, &[planned("tasks", Some("dead")), planned("dead", None)]).unwrap()
    }

    fn reopened(self) -> Fixture {
        let Fixture { folder, sqs } = self;
        drop(sqs);
        let sqs = Fixture::open(&folder);
        Fixture { folder, sqs }
    }

    fn send(&self, body: &str) -> String {
        self.sqs.send("tasks", &Outgoing::new(body)).unwrap()
    }

    fn bodies(&self, queue: &str) -> Vec<String> {
        self.sqs
            .receive(queue, 10, Some(0))
            .unwrap()
            .into_iter()
            .map(|message| message.body)
            .collect()
    }

    fn depth(&self, name: &str) -> (u64, u64, u64) {
        let depth = self
            .sqs
            .depths()
            .unwrap()
            .into_iter()
            .find(|depth| depth.name == name)
            .unwrap();
        (depth.visible, depth.in_flight, depth.delayed)
    }

    /// Lets time pass, for all messages.
    fn pass(&self, seconds: i64) {
        self.sqs
            .store
            .write(|transaction| {
                transaction.execute(
                    "UPDATE messages SET sent_ms = sent_ms - ?1, visible_ms = visible_ms - ?1",
                    [1000 * seconds],
                )
            })
            .unwrap();
    }
}

fn handles(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.receipt_handle.clone()).collect()
}

#[test]
fn a_received_message_is_hidden_until_its_timeout_and_deleted_by_its_newest_handle() {
    let fixture = Fixture::new();
    let id = fixture.send("hello");
    let received = fixture.sqs.receive("tasks", 1, None).unwrap();
    assert_eq!(
        (
            received[0].id.as_str(),
            received[0].body.as_str(),
            received[0].receive_count
        ),
        (id.as_str(), "hello", 1)
    );
    assert_eq!(fixture.depth("tasks"), (0, 1, 0));
    assert!(fixture.sqs.receive("tasks", 1, None).unwrap().is_empty());

    fixture.pass(31);
    let again = fixture.sqs.receive("tasks", 1, None).unwrap();
    assert_eq!(again[0].receive_count, 2);
    assert_eq!(again[0].first_received_ms, received[0].first_received_ms);

    // The second receive has replaced this handle.
    fixture.sqs.delete("tasks", &handles(&received)).unwrap();
    assert_eq!(fixture.depth("tasks"), (0, 1, 0));
    fixture.sqs.delete("tasks", &handles(&again)).unwrap();
    assert_eq!(fixture.depth("tasks"), (0, 0, 0));
}

#[test]
fn a_delayed_message_is_received_after_its_delay() {
    let fixture = Fixture::new();
    fixture
        .sqs
        .send(
            "tasks",
            &Outgoing {
                delay: Some(5),
                ..Outgoing::new("later")
            },
        )
        .unwrap();
    assert_eq!(fixture.depth("tasks"), (0, 0, 1));
    assert!(fixture.bodies("tasks").is_empty());
    fixture.pass(5);
    assert_eq!(fixture.bodies("tasks"), ["later"]);
}

#[test]
fn a_message_that_was_received_too_often_becomes_a_dead_letter() {
    let fixture = Fixture::new();
    fixture.send("poison");
    assert_eq!(fixture.bodies("tasks"), ["poison"]);
    assert_eq!(fixture.bodies("tasks"), ["poison"]);
    assert_eq!(fixture.depth("tasks"), (1, 0, 0));
    fixture.send("good");
    assert_eq!(fixture.bodies("tasks"), ["good"]);
    assert_eq!(fixture.depth("dead"), (1, 0, 0));

    let dead = fixture.sqs.receive("dead", 1, Some(0)).unwrap().remove(0);
    assert_eq!(
        (dead.receive_count, dead.dead_letter_source_arn),
        (3, Some(crate::arn::queue("tasks")))
    );
}

#[test]
fn a_redrive_sends_dead_letters_back_as_new_messages() {
    for (from, destination) in [("tasks", None), ("dead", None), ("dead", Some("tasks"))] {
        let fixture = Fixture::new();
        let id = fixture.send("poison");
        while !fixture.bodies("tasks").is_empty() {}

        let done = fixture.sqs.redrive(from, destination).unwrap();
        assert_eq!((done.moved, done.failure), (1, None));
        let home = fixture.sqs.receive("tasks", 1, None).unwrap().remove(0);
        assert_eq!(
            (home.body.as_str(), home.receive_count, home.dead_letter_source_arn),
            ("poison", 1, None)
        );
        assert_ne!(home.id, id);
        assert!(fixture.bodies("dead").is_empty());
    }
}

#[test]
fn a_message_that_no_queue_gave_up_needs_a_destination() {
    let fixture = Fixture::new();
    fixture.send("first");
    while !fixture.bodies("tasks").is_empty() {}
    for body in ["from EventBridge", "another"] {
        fixture.sqs.send("dead", &Outgoing::new(body)).unwrap();
    }
    // The move stops at the first of them.
    let done = fixture.sqs.move_messages("dead", None).unwrap();
    assert_eq!((done.moved, done.failure), (1, Some(super::NO_SOURCE)));
    let moves = fixture.sqs.moves("dead", 10);
    assert_eq!(moves["Results"][0]["Status"], "FAILED");
    assert_eq!(moves["Results"][0]["FailureReason"], "CouldNotDetermineMessageSource");
    assert_eq!(moves["Results"][0]["ApproximateNumberOfMessagesToMove"], 3);

    let done = fixture.sqs.move_messages("dead", Some("tasks")).unwrap();
    assert_eq!((done.moved, done.failure), (2, None));
    assert_eq!(fixture.bodies("tasks"), ["first", "from EventBridge", "another"]);
    assert_eq!(fixture.sqs.moves("dead", 1)["Results"][0]["Status"], "COMPLETED");
    assert!(fixture.sqs.move_messages("dead", Some("nowhere")).is_err());
    assert!(fixture.sqs.move_messages("tasks", None).is_err());
}

#[test]
fn a_redrive_of_a_queue_also_moves_what_eventbridge_dead_lettered() {
    let fixture = Fixture::new();
    fixture.sqs.send("dead", &Outgoing::new("from EventBridge")).unwrap();
    assert_eq!(fixture.sqs.redrive("tasks", None).unwrap().moved, 1);
    assert_eq!(fixture.bodies("tasks"), ["from EventBridge"]);
}

#[test]
fn messages_past_their_retention_are_not_received() {
    let fixture = Fixture::new();
    fixture.send("old");
    fixture.pass(61);
    fixture.send("new");
    assert_eq!(fixture.bodies("tasks"), ["new"]);
    assert_eq!(fixture.depth("tasks"), (1, 0, 0));

    fixture.pass(61);
    fixture.sqs.delete_expired().unwrap();
    assert_eq!(fixture.depth("tasks"), (0, 0, 0));
}

#[test]
fn a_restart_keeps_messages_and_does_not_count_a_mappings_receive() {
    let mut fixture = Fixture::new();
    fixture.send("held by a mapping");
    for _ in 0..5 {
        let held = fixture.sqs.receive_for_mapping("tasks", 10).unwrap();
        assert_eq!((held.len(), held[0].receive_count), (1, 1));
        fixture = fixture.reopened();
    }
    assert_eq!(fixture.depth("tasks"), (1, 0, 0));
}

#[test]
fn after_a_restart_messages_that_clients_hold_or_a_function_failed_stay_hidden() {
    let fixture = Fixture::new();
    fixture.send("held by a client");
    fixture.sqs.receive("tasks", 10, None).unwrap();
    let failed = {
        fixture.send("failed");
        fixture.sqs.receive_for_mapping("tasks", 10).unwrap()
    };
    assert_eq!(
        fixture.sqs.make_visible("tasks", &handles(&failed), 20).unwrap(),
        [true]
    );

    let fixture = fixture.reopened();
    assert_eq!(fixture.depth("tasks"), (0, 2, 0));
    fixture.pass(20);
    assert_eq!(fixture.sqs.receive("tasks", 10, None).unwrap()[0].receive_count, 2);
}

#[test]
fn client_created_queues_survive_a_restart() {
    let fixture = Fixture::new();
    let attributes = serde_json::json!({ "VisibilityTimeout": "7" });
    fixture
        .sqs
        .create_queue("mine", attributes.as_object().unwrap())
        .unwrap();
    fixture.sqs.send("mine", &Outgoing::new("kept")).unwrap();

    let fixture = fixture.reopened();
    assert_eq!(fixture.sqs.attributes("mine").unwrap()["VisibilityTimeout"], "7");
    assert_eq!(fixture.bodies("mine"), ["kept"]);
    fixture.sqs.delete_queue("mine").unwrap();
    assert!(fixture.sqs.send("mine", &Outgoing::new("lost")).is_err());
    assert!(fixture.sqs.delete_queue("tasks").is_err());
}

#[test]
fn invalid_messages_and_handles_are_refused() {
    let fixture = Fixture::new();
    let refused = |message: Outgoing| fixture.sqs.send("tasks", &message).is_err();
    assert!(refused(Outgoing::new("")));
    assert!(refused(Outgoing::new("\u{0}")));
    assert!(refused(Outgoing::new("x".repeat(1024 * 1024 + 1))));
    assert!(!refused(Outgoing::new("x".repeat(1024 * 1024))));
    assert!(fixture.sqs.delete("tasks", &["garbage".to_owned()]).is_err());
}

#[tokio::test]
async fn a_send_and_a_visibility_timeout_wake_waiters() {
    let fixture = Fixture::new();
    let waiting = tokio::spawn({
        let sqs = fixture.sqs.clone();
        async move { sqs.changed("tasks").await }
    });
    tokio::task::yield_now().await;
    fixture.send("now");
    tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap();

    // Receivable already: no need to wait.
    tokio::time::timeout(Duration::from_secs(5), fixture.sqs.changed("tasks"))
        .await
        .unwrap();

    let held = fixture.sqs.receive("tasks", 1, Some(1)).unwrap();
    fixture.pass(1);
    tokio::time::timeout(Duration::from_secs(5), fixture.sqs.changed("tasks"))
        .await
        .unwrap();
    fixture.sqs.delete("tasks", &handles(&held)).unwrap();
}
