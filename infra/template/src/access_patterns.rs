//! `docs/access-patterns.md`: which question is answered by which key or index, and in how many requests.

use runtime::{Function, Grant, Started, spec::Action};
use std::fmt::Write;
use table::Operation;
use table::keys::{Family, Index, PK, SK, TTL};

const ABOUT: &str = "\
# Access patterns

Written from the functions' declarations by `cargo run --bin template`; a test keeps it current. What the items look like is in
`shared/table/src/keys.rs`.
";

const ABOUT_KEYS: &str = "
## Keys

| | partition key | sort key | partitions |
|---|---|---|---|
";

const ABOUT_FUNCTIONS: &str = "\
## Functions

*Asks the table* is what the function declares. *With it* is what the adapter does for it: a refused foreign key is written to the
caller's own audit trail; the answer to an `Idempotency-Key` is kept in the same transaction, and looked up first where the endpoint
is an action. Its IAM policy allows both and nothing else.

*Requests* is how many the function makes of its own when no other write meets its own. All that is written goes out in one, a
transaction where it is more than one item; a change that needs nothing looked up makes only that one.

| function | question | asks the table | requests | with it |
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
        let sort = index
            .sort_attribute()
            .map_or("–".to_owned(), |name| format!("`{name}`"));
        let _ = writeln!(
            text,
            "| index `{}` | `{}` | {sort} | {} |",
            index.name(),
            index.partition_attribute(),
            patterns(&[family_of(*index)])
        );
    }
    let _ = writeln!(
        text,
        "\nThe indexes are sparse. `{TTL}` ends items that are kept for a while: answered requests, tombstones, expired API keys."
    );
    text
}

const fn family_of(index: Index) -> Family {
    match index {
        Index::Customers => Family::CustomerList,
        Index::ExternalIds => Family::External,
        Index::Tenants => Family::Tenant,
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
            Function::Task(f) if f.spec.pages => "a page of 100 things an invocation",
            Function::Standalone(f) if f.spec.started == Started::EveryMinute => "4, and 1 for each key that has ended",
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

/// How many requests a function makes when nothing gets in its way.
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
        // A list asks for the thing itself only where it found nothing: an empty list, or a list of nothing?
        (true, false) if has(&[Action::Query]) && has(&[Action::GetItem]) => "1, or 2 where the list is empty",
        (true, true) => "a read and a write at most",
        (true, false) | (false, true) => "1",
        (false, false) if has(&[Action::BatchWriteItem]) => "1 for 25 items",
        (false, false) => "0",
    }
}
