//! /v1/customers, the paths below one customer, and /v1/tenants.

mod audit;
mod create;
mod deactivate;
mod delete;
mod get;
mod get_by_external_id;
mod get_tenant;
mod list;
mod list_deactivations;
mod reactivate;
mod update;
