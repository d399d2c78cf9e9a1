//! The requests to DynamoDB that each function sends for an everyday event, and the capacity that they are charged.

use crate::{cases::Cases, price, report::Table, store::Charge, world::World};
use anyhow::{Result, ensure};
use runtime::Function;
use template::functions;

pub async fn measure() -> Result<()> {
    let world = World::new(None, 100).await?;
    let cases = Cases::new(&world).await?;
    let mut table = Table::new(&["function", "requests", "read units", "write units", "operations"]);
    let mut prices = Table::new(&["a million of", "$"]);
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
            chosen.fold(0.0, |units, charge| units + charge.units)
        };
        let (read_units, write_units) = (units(true), units(false));
        let price = price::of_a_million(&function, read_units, write_units);
        prices.row(vec![name.to_owned(), format!("{price:.2}")]);
        let operations: Vec<&str> = charges
            .iter()
            .map(|charge: &Charge| charge.operation.as_str())
            .collect();
        table.row(vec![
            name.to_owned(),
            charges.len().to_string(),
            read_units.to_string(),
            write_units.to_string(),
            operations.join(", "),
        ]);
    }
    table.print("Requests to DynamoDB and their capacity");
    prices.print("What a million invocations cost on AWS, computed from that capacity");
    Ok(())
}
