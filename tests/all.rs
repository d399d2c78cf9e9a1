//! Every test that needs more than one package. `api` calls endpoints in process on an embedded table. `tasks` runs the trigger and single
//! tasks, `flows` the whole spine of stream, bus, queues and tasks. `properties` compares random inputs with models, `contract` compares the
//! declarations with the generated files, and `e2e` runs the real binaries on the local cloud.

mod api;
mod contract;
mod e2e;
mod flows;
mod properties;
mod support;
mod tasks;
mod usage;
