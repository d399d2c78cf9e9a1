//! The trigger with single records, and the tasks with single messages.

mod create_customer_location;
mod events;
mod table_stream;
mod tenants;
mod trust;
