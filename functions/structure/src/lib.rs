//! The organisation of a customer or client: departments, locations, contacts.

pub mod clear_deleted_location;
pub mod create_contact;
pub mod create_customer_location;
pub mod create_department;
pub mod create_location;
pub mod delete_contact;
pub mod delete_department;
pub mod delete_location;
pub mod get_contact;
pub mod get_department;
pub mod get_location;
pub mod list_contacts;
pub mod list_departments;
pub mod list_locations;
pub mod update_contact;
pub mod update_department;
pub mod update_location;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "structure",
    summary: "The organisation of a customer or client: departments, locations, contacts.",
    functions: &[
        Function::endpoint::<create_department::CreateDepartment>(),
        Function::endpoint::<list_departments::ListDepartments>(),
        Function::endpoint::<get_department::GetDepartment>(),
        Function::endpoint::<update_department::UpdateDepartment>(),
        Function::endpoint::<delete_department::DeleteDepartment>(),
        Function::endpoint::<create_location::CreateLocation>(),
        Function::endpoint::<list_locations::ListLocations>(),
        Function::endpoint::<get_location::GetLocation>(),
        Function::endpoint::<update_location::UpdateLocation>(),
        Function::endpoint::<delete_location::DeleteLocation>(),
        Function::endpoint::<create_contact::CreateContact>(),
        Function::endpoint::<list_contacts::ListContacts>(),
        Function::endpoint::<get_contact::GetContact>(),
        Function::endpoint::<update_contact::UpdateContact>(),
        Function::endpoint::<delete_contact::DeleteContact>(),
        Function::task::<create_customer_location::CreateCustomerLocation>(),
        Function::task::<clear_deleted_location::ClearDeletedLocation>(),
    ],
};
