//! Customers: the record, its lifecycle and its audit trail.

pub mod create_customer;
pub mod deactivate_customer;
pub mod delete_customer;
pub mod delete_customer_children;
pub mod get_customer;
pub mod get_customer_by_external_id;
pub mod get_tenant;
pub mod list_audit_entries;
pub mod list_customers;
pub mod list_deactivations;
pub mod reactivate_customer;
pub mod update_customer;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "customers",
    summary: "Customers, their lifecycle and their audit trail.",
    functions: &[
        Function::endpoint::<create_customer::CreateCustomer>(),
        Function::endpoint::<list_customers::ListCustomers>(),
        Function::endpoint::<get_customer::GetCustomer>(),
        Function::endpoint::<get_customer_by_external_id::GetCustomerByExternalId>(),
        Function::endpoint::<update_customer::UpdateCustomer>(),
        Function::endpoint::<delete_customer::DeleteCustomer>(),
        Function::endpoint::<deactivate_customer::DeactivateCustomer>(),
        Function::endpoint::<reactivate_customer::ReactivateCustomer>(),
        Function::endpoint::<list_deactivations::ListDeactivations>(),
        Function::endpoint::<list_audit_entries::ListAuditEntries>(),
        Function::endpoint::<get_tenant::GetTenant>(),
        Function::task::<delete_customer_children::DeleteCustomerChildren>(),
    ],
};
