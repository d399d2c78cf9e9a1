//! The trigger and the tasks, record by record and message by message.

mod create_customer_location;
mod events;
mod table_stream;
