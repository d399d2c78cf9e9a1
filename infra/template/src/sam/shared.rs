//! The resources that all functions share: one queue policy for the tasks, the alarms that watch several of them, the dashboard.

use super::{alarms, dashboard, fill, id};
use crate::Area;
use runtime::Function;

pub fn sections(areas: &[Area]) -> Vec<String> {
    let functions: Vec<&Function> = areas.iter().flat_map(|area| area.functions).collect();
    let mut sections = vec![queues_policy(&functions)];
    sections.extend(alarms::sections(&functions));
    sections.push(dashboard::section(areas));
    sections
}

fn queues_policy(functions: &[&Function]) -> String {
    let tasks = functions
        .iter()
        .filter(|function| matches!(function, Function::Task(_)))
        .map(|function| id(function.name()));
    let queues: Vec<String> = tasks
        .flat_map(|id| {
            [
                format!("        - !Ref {id}Queue"),
                format!("        - !Ref {id}DeadLetters"),
            ]
        })
        .collect();
    fill(
        include_str!("parts/queues-policy.yaml"),
        &[("{queues}", &queues.join("\n"))],
    )
}
