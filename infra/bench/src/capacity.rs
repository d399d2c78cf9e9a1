//! The requests to DynamoDB that each function sends for an everyday event, and the capacity that they are charged.

use crate::{cases::Cases, report::Table, store::Charge, world::World};
use anyhow::{Result, ensure};
use runtime::Function;
use template::functions;

pub async fn measure() -> Result<()> {
    let world = World::new(None, 100).await?;
    let cases = Cases::new(&world).await?;
    let mut table = Table::new(&["function", "requests", "read units", "write units", "operations"]);
    for function in functions() {
        let name = function.name();
        let event = cases.event(name).await?;
        world.store.take();
        world.run(name, event).await?;
        let charges = world.store.take();
        if let Function::Task(task) = function {
            let is_write = |charge: &Charge| !charge.is_read();
            ensure!(
                !task.spec.objects.is_empty() || charges.iter().any(is_write),
                "{name} wrote nothing: its event is about nothing that exists"
            );
        }
        let units = |is_read| {
            let chosen = charges.iter().filter(|charge| charge.is_read() == is_read);
            chosen.fold(0.0, |units, charge| units + charge.units).to_string()
        };
        let operations: Vec<&str> = charges
            .iter()
            .map(|charge: &Charge| charge.operation.as_str())
            .collect();
        table.row(vec![
            name.to_owned(),
            charges.len().to_string(),
            units(true),
            units(false),
            operations.join(", "),
        ]);
    }
    table.print("Requests to DynamoDB and their capacity");
    Ok(())
}
