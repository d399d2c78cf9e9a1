//! A customer's organisation: its locations (departments and contacts come beside them).

pub mod create_customer_location;
pub mod create_location;
pub mod delete_location;
pub mod get_location;
pub mod list_locations;
pub mod update_location;

use runtime::Function;

pub const FUNCTIONS: &[Function] = &[
    Function::endpoint::<create_location::CreateLocation>(),
    Function::endpoint::<list_locations::ListLocations>(),
    Function::endpoint::<get_location::GetLocation>(),
    Function::endpoint::<update_location::UpdateLocation>(),
    Function::endpoint::<delete_location::DeleteLocation>(),
    Function::task::<create_customer_location::CreateCustomerLocation>(),
];
