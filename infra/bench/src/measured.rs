//! The figures of one operation, as this program and the peer print them.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    pub operation: String,
    pub count: u64,
    pub wall_micros: f64,
    /// Processor time of everything that took part, except the caller.
    pub cpu_micros: f64,
    pub p50_micros: f64,
    pub p99_micros: f64,
}

impl Measured {
    /// Summarises the times of the single calls.
    pub fn of(operation: &str, mut micros: Vec<f64>, wall_micros: f64, cpu_micros: f64) -> Self {
        micros.sort_by(f64::total_cmp);
        let at = |part: f64| {
            micros
                .get((micros.len() as f64 * part) as usize)
                .copied()
                .unwrap_or_default()
        };
        Self {
            operation: operation.to_owned(),
            count: micros.len() as u64,
            wall_micros,
            cpu_micros,
            p50_micros: at(0.5),
            p99_micros: at(0.99),
        }
    }

    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.wall_micros * 1e6
    }

    pub fn cpu_per_call(&self) -> f64 {
        self.cpu_micros / self.count as f64
    }
}
