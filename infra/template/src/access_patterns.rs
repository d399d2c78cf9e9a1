//! `docs/access-patterns.md`: the keys and indexes that answer each question, and the number of requests.

use runtime::{Function, Grant, Started, spec::Action};
use std::fmt::Write;
use table::Operation;
use table::keys::{Family, Index, PK, SK, TTL};

const ABOUT: &str = "\
# Access patterns

`cargo run --bin template` writes this document from the functions' declarations; a test keeps it up to date. `shared/table/src/keys.rs`
formats the keys.
";

const ABOUT_KEYS: &str = "
## Keys

| | partition key | sort key | partitions |
|---|---|---|---|
";

const ABOUT_FUNCTIONS: &str = "\
## Functions

*Function* lists the table operations that the function declares. *Adapter* lists the operations that its adapter adds: it writes a
refused foreign key to the audit trail of the caller's own tenant; it keeps the response to an `Idempotency-Key` in the same transaction,
and looks it up first if the endpoint is an action. The function's IAM policy allows both and nothing else.

*Requests* counts the function's own requests if no other write interferes. A function writes everything in one request, which is a
transaction if there are several items; a change that needs no lookup sends only that request.

| name | question | function | requests | adapter |
|---|---|---|---|---|
";

pub fn document(functions: &[Function]) -> String {
    let mut text = ABOUT.to_owned();
    text += &keys();
    text += "\n";
    text += ABOUT_FUNCTIONS;
    for function in functions {
        text += &row(function);
    }
    text
}

fn keys() -> String {
    let mut text = ABOUT_KEYS.to_owned();
    let in_table: Vec<Family> = Family::ALL
        .iter()
        .copied()
        .filter(|family| *family != Family::CustomerList)
        .collect();
    let _ = writeln!(text, "| the table | `{PK}` | `{SK}` | {} |", patterns(&in_table));
    for index in Index::ALL {
        let _ = writeln!(
            text,
            "| index `{}` | `{}` | `{}` | {} |",
            index.name(),
            index.partition_attribute(),
            index.sort_attribute(),
            patterns(&[family_of(*index)])
        );
    }
    let _ = writeln!(
        text,
        "\nThe indexes are sparse. TTL on `{TTL}` removes temporary items: idempotency records, tombstones, expired API keys, the receipts of confirmed logos."
    );
    text
}

const fn family_of(index: Index) -> Family {
    match index {
        Index::Customers => Family::CustomerList,
        Index::ExpiringKeys => Family::Expiring,
    }
}

fn patterns(families: &[Family]) -> String {
    let patterns: Vec<String> = families
        .iter()
        .map(|family| format!("`{}`", family.pattern()))
        .collect();
    patterns.join(", ")
}

fn row(function: &Function) -> String {
    let place = match function {
        Function::Endpoint(f) => {
            let routes: Vec<&str> = f.spec.by_route().iter().map(|spec| spec.route).collect();
            format!("{} {}", f.spec.method.name(), routes.join(", "))
        }
        Function::Task(f) => {
            let events: Vec<&str> = f.spec.on.iter().map(|event| event.name()).collect();
            format!("on {}", events.join(", "))
        }
        Function::Trigger(_) => "on the table's stream".to_owned(),
        Function::Standalone(f) => match f.spec.started {
            Started::EveryMinute => "every minute".to_owned(),
            Started::AsAuthorizer => "for other APIs".to_owned(),
            Started::ByUnknownRoutes => "any other method or path".to_owned(),
            Started::ByHand => "by hand".to_owned(),
        },
    };
    let declared = Operation::grants_of(function.operations());
    let adapter: Vec<Grant> = function
        .grants()
        .into_iter()
        .filter(|grant| !declared.contains(grant))
        .collect();
    format!(
        "| `{}` | {} ({place}) | {} | {} | {} |\n",
        function.name(),
        function.summary().trim_end_matches('.'),
        in_words(&declared),
        match function {
            Function::Task(f) if f.spec.pages => "a page of up to 100 items an invocation",
            Function::Trigger(_) => "1 for 25 events, and 1 or 2 for customers that it does not remember",
            Function::Standalone(f) if f.spec.started == Started::EveryMinute => "4, and 1 for each expired key",
            _ => requests(&declared),
        },
        in_words(&adapter),
    )
}

fn in_words(grants: &[Grant]) -> String {
    if grants.is_empty() {
        return "–".into();
    }
    let mut places: Vec<(Family, Option<Index>)> = grants.iter().map(|grant| (grant.family, grant.index)).collect();
    places.sort();
    places.dedup();
    let parts: Vec<String> = places
        .into_iter()
        .map(|(family, index)| {
            let actions: Vec<&str> = grants
                .iter()
                .filter(|grant| (grant.family, grant.index) == (family, index))
                .map(|grant| grant.action.name())
                .collect();
            let index = index.map_or_else(String::new, |index| format!(" in `{}`", index.name()));
            format!("{} `{}`{index}", actions.join(", "), family.pattern())
        })
        .collect();
    parts.join("; ")
}

/// The number of requests if no other write interferes.
fn requests(grants: &[Grant]) -> &'static str {
    let has = |wanted: &[Action]| grants.iter().any(|grant| wanted.contains(&grant.action));
    let reads = has(&[Action::GetItem, Action::BatchGetItem, Action::Query]);
    let writes = has(&[
        Action::PutItem,
        Action::UpdateItem,
        Action::DeleteItem,
        Action::ConditionCheckItem,
    ]);
    match (reads, writes) {
        (true, false) if has(&[Action::BatchGetItem]) && has(&[Action::Query]) => "1, and 2 for each customer shown",
        // An empty list reads its owner, to tell an empty list from a missing owner.
        (true, false) if has(&[Action::Query]) && has(&[Action::GetItem]) => "1, or 2 if the list is empty",
        (true, true) if has(&[Action::Query]) && has(&[Action::GetItem]) => "at most two reads and a write",
        (true, true) => "at most a read and a write",
        (true, false) | (false, true) => "1",
        (false, false) => "0",
    }
}
