//! Clients of a customer, their accounts, and the cascades between them.

pub mod cascade_account_state;
pub mod cascade_client_state;
pub mod create_client;
pub mod delete_client;
pub mod delete_client_children;
pub mod disable_client;
pub mod dissociate_account;
pub mod enable_client;
pub mod get_client;
pub mod get_hierarchy;
pub mod list_clients;
pub mod provision_account;
pub mod update_client;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "clients",
    summary: "A customer's clients, their accounts, and the hierarchy they form.",
    functions: &[
        Function::endpoint::<create_client::CreateClient>(),
        Function::endpoint::<list_clients::ListClients>(),
        Function::endpoint::<get_client::GetClient>(),
        Function::endpoint::<update_client::UpdateClient>(),
        Function::endpoint::<delete_client::DeleteClient>(),
        Function::endpoint::<disable_client::DisableClient>(),
        Function::endpoint::<enable_client::EnableClient>(),
        Function::endpoint::<provision_account::ProvisionAccount>(),
        Function::endpoint::<dissociate_account::DissociateAccount>(),
        Function::endpoint::<get_hierarchy::GetHierarchy>(),
        Function::task::<cascade_client_state::CascadeClientState>(),
        Function::task::<cascade_account_state::CascadeAccountState>(),
        Function::task::<delete_client_children::DeleteClientChildren>(),
    ],
};
