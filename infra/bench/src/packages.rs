//! Packages: each area's binary, its ZIP archive, and their sum, which a deployment uploads.

use crate::{
    binaries::Binaries,
    report::{Table, megabytes},
};
use anyhow::Result;
use runtime::Area;

pub fn print(binaries: &Binaries, areas: &[&Area]) -> Result<()> {
    let mut table = Table::new(&["area", "functions", "binary, MB", "zip, MB"]);
    let (mut functions, mut bytes, mut zipped) = (0, 0, 0);
    let row = |name: &str, functions: usize, bytes, zipped| {
        vec![
            name.to_owned(),
            functions.to_string(),
            megabytes(bytes),
            megabytes(zipped),
        ]
    };
    for area in areas {
        let size = binaries.size(area.name)?;
        table.row(row(area.name, area.functions.len(), size.bytes, size.zipped));
        functions += area.functions.len();
        bytes += size.bytes;
        zipped += size.zipped;
    }
    table.row(row("sum", functions, bytes, zipped));
    table.print("Packages (a deployment of these areas uploads the sum of the zips)");
    Ok(())
}
