//! Every test that needs more than one package. `api` calls endpoints in process on an embedded table, `tasks` and `flows` pump the
//! stream → bus → queue → task spine until it is quiet, `contract` holds the generated parts and the declarations to each other.

mod api;
mod contract;
mod e2e;
mod flows;
mod properties;
mod support;
mod tasks;
mod usage;
