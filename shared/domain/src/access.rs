//! Permissions, the roles that hold them, and the proofs that a caller was authorised.

use crate::{ClientKey, CustomerKey};
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($name:ident,)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Permission { $($name,)* }

        impl Permission {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

permissions! {
    EditCustomer,
    ViewCustomer,
    EditClient,
    ViewClient,
    ManagePartitions,
    PlatformAdminEditAllCustomers,
    PlatformAdminViewAllCustomers,
    PlatformAdminSearchAllCustomers,
    SearchTenants,
    EditRegistrationSettings,
    ManageUsers,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    PlatformAdmin,
    CustomerAdmin,
    TenantAdmin,
    ClientEditor,
    ClientViewer,
    Member,
}

impl Role {
    pub const ALL: &[Self] = &[
        Self::PlatformAdmin,
        Self::CustomerAdmin,
        Self::TenantAdmin,
        Self::ClientEditor,
        Self::ClientViewer,
        Self::Member,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "PlatformAdmin",
            Self::CustomerAdmin => "CustomerAdmin",
            Self::TenantAdmin => "TenantAdmin",
            Self::ClientEditor => "ClientEditor",
            Self::ClientViewer => "ClientViewer",
            Self::Member => "Member",
        }
    }

    /// An unknown role grants nothing: the token is also used by other services.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }

    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Self::PlatformAdmin => Permission::ALL,
            Self::CustomerAdmin => &[
                EditCustomer,
                ViewCustomer,
                EditClient,
                ViewClient,
                ManagePartitions,
                EditRegistrationSettings,
                ManageUsers,
            ],
            Self::TenantAdmin => &[EditClient, ViewClient, SearchTenants],
            Self::ClientEditor => &[EditClient, ViewClient],
            Self::ClientViewer => &[ViewClient],
            Self::Member => &[ViewCustomer],
        }
    }
}

/// The author of a change, as events, the audit trail and `createdBy` show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Actor {
    pub kind: ActorKind,
    pub id: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ActorKind {
    User,
    ApiKey,
    System,
}

impl Actor {
    pub fn user(id: impl Into<String>) -> Self {
        Self {
            kind: ActorKind::User,
            id: id.into(),
        }
    }

    pub fn system(id: impl Into<String>) -> Self {
        Self {
            kind: ActorKind::System,
            id: id.into(),
        }
    }
}

/// The proof that a caller is authorised for one tenant. Every repository of tenant data requires one, so code that reaches another
/// tenant's data by mistake does not compile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tenant(CustomerKey);

impl Tenant {
    /// For the authorisation check and the task adapter; `clippy.toml` forbids it elsewhere.
    pub fn proven(key: CustomerKey) -> Self {
        Self(key)
    }

    pub fn key(&self) -> CustomerKey {
        self.0
    }

    /// The tenant itself, as an owner.
    pub fn itself(self) -> Owner {
        Owner {
            tenant: self,
            client: None,
        }
    }

    /// One of its clients, as an owner.
    pub fn client(self, client: ClientKey) -> Owner {
        Owner {
            tenant: self,
            client: Some(client),
        }
    }
}

/// The owner of parts: a tenant itself, or one of its clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owner {
    tenant: Tenant,
    client: Option<ClientKey>,
}

impl Owner {
    pub fn tenant(&self) -> Tenant {
        self.tenant
    }

    pub fn client(&self) -> Option<ClientKey> {
        self.client
    }
}

/// The proof that the caller is platform staff: repository methods that span tenants require it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Platform(());

impl Platform {
    /// As `Tenant::proven`.
    pub fn proven() -> Self {
        Self(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_platform_staff_hold_platform_permissions() {
        for role in Role::ALL {
            let platform = role.permissions().iter().any(|p| p.name().starts_with("PlatformAdmin"));
            assert_eq!(platform, *role == Role::PlatformAdmin, "{}", role.name());
        }
    }
}
