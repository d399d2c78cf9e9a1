//! The trigger with single records, and the tasks with single messages.

mod create_customer_location;
mod events;
mod pages;
mod replay;
mod table_stream;
mod tenants;
mod trust;
