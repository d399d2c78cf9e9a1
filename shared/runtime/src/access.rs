//! Authorisation. An endpoint names its permission as a type. A `Caller` of that type proves that the permission was checked, and is the
//! handler's only way to a tenant's data.

use crate::{Context, token::Claims};
use domain::{
    Actor, CustomerKey, Error, Kind, Owner, Permission as RolePermission, Platform, Result, Tenant, client::Client,
    customer::Customer, deactivation::DeactivatedBy, plaintext::redact,
};
use std::marker::PhantomData;

/// The permission that a caller needs, by the caller's relation to the customer in the path. Plain data, because tests and documents
/// read it too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessRule {
    /// Anybody may call, without credentials.
    pub public: bool,
    /// Needed in the caller's own tenant.
    pub own: Option<RolePermission>,
    /// Replaces `own` if the path names a client of the tenant. That client's users need it too.
    pub client: Option<RolePermission>,
    /// Needed for an account that was provisioned for a client of the caller's tenant.
    pub parent: Option<RolePermission>,
    /// Gives access to any tenant.
    pub platform: Option<RolePermission>,
}

impl AccessRule {
    const DENY_ALL: Self = Self {
        public: false,
        own: None,
        client: None,
        parent: None,
        platform: None,
    };

    const fn own_or_platform(own: RolePermission, platform: RolePermission) -> Self {
        Self {
            own: Some(own),
            platform: Some(platform),
            ..Self::DENY_ALL
        }
    }

    const fn client_or_platform(permission: RolePermission, platform: RolePermission) -> Self {
        Self {
            client: Some(permission),
            ..Self::own_or_platform(permission, platform)
        }
    }

    /// The rule of one route, which either names a client or does not.
    pub(crate) const fn at_route(self, of_client: bool) -> Self {
        match of_client {
            true => Self {
                own: self.client,
                ..self
            },
            false => self,
        }
    }

    const fn platform(permission: RolePermission) -> Self {
        Self {
            platform: Some(permission),
            ..Self::DENY_ALL
        }
    }
}

/// A permission as a type.
pub trait Permission: Send + Sync + 'static {
    const RULE: AccessRule;
    /// The data that it opens.
    type Scope: Scope;
}

/// The data that a caller may touch: one tenant, one owner in it, the whole platform, or nothing.
pub trait Scope: Sized + Send + Sync {
    /// Reads the keys in the path, after the caller was authorised for them.
    fn of_path(tenant: Option<&str>, client: Option<&str>) -> Result<Self>;
}

impl Scope for Tenant {
    #[allow(clippy::disallowed_methods, reason = "the caller was authorised for this tenant")]
    fn of_path(tenant: Option<&str>, _: Option<&str>) -> Result<Self> {
        tenant
            .and_then(|key| key.parse().ok())
            .map(Self::proven)
            .ok_or(Error::NotFound(Customer::KIND))
    }
}

impl Scope for Owner {
    fn of_path(tenant: Option<&str>, client: Option<&str>) -> Result<Self> {
        let tenant = Tenant::of_path(tenant, None)?;
        match client {
            None => Ok(tenant.itself()),
            Some(client) => match client.parse() {
                Ok(client) => Ok(tenant.client(client)),
                Err(_) => Err(Error::NotFound(Client::KIND)),
            },
        }
    }
}

impl Scope for Platform {
    #[allow(clippy::disallowed_methods, reason = "the caller was authorised for the platform")]
    fn of_path(_: Option<&str>, _: Option<&str>) -> Result<Self> {
        Ok(Self::proven())
    }
}

impl Scope for () {
    fn of_path(_: Option<&str>, _: Option<&str>) -> Result<Self> {
        Ok(())
    }
}

macro_rules! permission {
    ($(#[$summary:meta])* $name:ident, $scope:ty, $rule:expr) => {
        $(#[$summary])*
        pub struct $name;
        impl Permission for $name {
            const RULE: AccessRule = $rule;
            type Scope = $scope;
        }
    };
}

permission! {
    /// No credentials needed.
    Public, (), AccessRule { public: true, ..AccessRule::DENY_ALL }
}
permission! {
    EditCustomer, Tenant,
    AccessRule::own_or_platform(RolePermission::EditCustomer, RolePermission::PlatformAdminEditAllCustomers)
}
permission! {
    /// Read a customer and its deactivations. Users of an account's parent may too.
    ViewAccount, Tenant,
    AccessRule {
        parent: Some(RolePermission::EditClient),
        ..AccessRule::own_or_platform(RolePermission::ViewCustomer, RolePermission::PlatformAdminViewAllCustomers)
    }
}
permission! {
    /// Read a customer's audit trail. For its own users this takes the permission to edit: the trail shows who did what.
    ViewAudit, Tenant,
    AccessRule::own_or_platform(RolePermission::EditCustomer, RolePermission::PlatformAdminViewAllCustomers)
}
permission! {
    /// Deactivate and reactivate a customer. Users of an account's parent may too.
    GovernAccount, Tenant,
    AccessRule {
        parent: Some(RolePermission::EditClient),
        ..AccessRule::own_or_platform(RolePermission::EditCustomer, RolePermission::PlatformAdminEditAllCustomers)
    }
}
permission! {
    /// Change one tenant. Platform staff only.
    EditAnyCustomer, Tenant, AccessRule::platform(RolePermission::PlatformAdminEditAllCustomers)
}
permission! {
    /// Read across tenants.
    ViewAllCustomers, Platform, AccessRule::platform(RolePermission::PlatformAdminViewAllCustomers)
}
permission! {
    EditAllCustomers, Platform, AccessRule::platform(RolePermission::PlatformAdminEditAllCustomers)
}

permission! {
    /// Read a customer's clients.
    ViewClients, Tenant,
    AccessRule::client_or_platform(RolePermission::ViewClient, RolePermission::PlatformAdminViewAllCustomers)
}
permission! {
    EditClients, Tenant,
    AccessRule::client_or_platform(RolePermission::EditClient, RolePermission::PlatformAdminEditAllCustomers)
}
permission! {
    /// Read the departments, locations and contacts of a customer or client.
    ViewStructure, Owner,
    AccessRule {
        client: Some(RolePermission::ViewClient),
        ..AccessRule::own_or_platform(RolePermission::ViewCustomer, RolePermission::PlatformAdminViewAllCustomers)
    }
}
permission! {
    EditStructure, Owner,
    AccessRule {
        client: Some(RolePermission::EditClient),
        ..AccessRule::own_or_platform(RolePermission::EditCustomer, RolePermission::PlatformAdminEditAllCustomers)
    }
}

permission! {
    ViewPartitions, Tenant,
    AccessRule::own_or_platform(RolePermission::ManagePartitions, RolePermission::PlatformAdminViewAllCustomers)
}
permission! {
    ManagePartitions, Tenant,
    AccessRule::own_or_platform(RolePermission::ManagePartitions, RolePermission::PlatformAdminEditAllCustomers)
}

/// The relation that gave a caller access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capacity {
    Anonymous,
    /// A user of the customer.
    Own,
    /// A user of the client.
    Client,
    /// A user of the customer whose client has this account.
    Parent,
    Platform,
}

impl Capacity {
    /// The capacity in which such a caller deactivates a customer.
    pub fn deactivates_as(self) -> DeactivatedBy {
        match self {
            Self::Platform => DeactivatedBy::Platform,
            Self::Parent => DeactivatedBy::Parent,
            Self::Own | Self::Client | Self::Anonymous => DeactivatedBy::Itself,
        }
    }

    /// The capacity in which such a caller disables a client: users of the customer that it belongs to are its parent's.
    pub fn disables_clients_as(self) -> DeactivatedBy {
        match self {
            Self::Platform => DeactivatedBy::Platform,
            Self::Own | Self::Parent => DeactivatedBy::Parent,
            Self::Client | Self::Anonymous => DeactivatedBy::Itself,
        }
    }
}

/// Nobody undoes the decision of somebody above them.
pub fn may_undo(caller: DeactivatedBy, decided: DeactivatedBy) -> Result<()> {
    if caller >= decided {
        return Ok(());
    }
    let (permission, reason) = match decided {
        DeactivatedBy::Platform => (
            RolePermission::PlatformAdminEditAllCustomers,
            "platform staff disabled it",
        ),
        DeactivatedBy::Parent | DeactivatedBy::Itself => (
            RolePermission::EditClient,
            "its parent disabled it, and only a user of the parent enables it",
        ),
    };
    Err(Error::Forbidden { permission, reason })
}

/// An authorised caller.
pub struct Caller<P: Permission> {
    scope: P::Scope,
    pub actor: Actor,
    pub capacity: Capacity,
    permission: PhantomData<P>,
}

impl<P: Permission> Caller<P> {
    pub(crate) fn new(scope: P::Scope, access: &Access) -> Self {
        Self {
            scope,
            actor: access.actor.clone(),
            capacity: access.capacity,
            permission: PhantomData,
        }
    }

    pub fn is_platform(&self) -> bool {
        self.capacity == Capacity::Platform
    }
}

impl<P: Permission<Scope = Tenant>> Caller<P> {
    pub fn tenant(&self) -> Tenant {
        self.scope
    }
}

impl<P: Permission<Scope = Owner>> Caller<P> {
    pub fn owner(&self) -> Owner {
        self.scope
    }
}

impl<P: Permission<Scope = Platform>> Caller<P> {
    pub fn platform(&self) -> Platform {
        self.scope
    }
}

/// The authorised caller and its capacity.
pub(crate) struct Access {
    pub actor: Actor,
    pub capacity: Capacity,
}

/// Checks a token's claims against a rule. `requested` and `client` are the raw `customerKey` and `clientKey` of the path.
pub(crate) async fn authorize(
    ctx: &Context,
    rule: &AccessRule,
    claims: &Claims,
    requested: Option<&str>,
    client: Option<&str>,
) -> Result<Access> {
    let actor = Actor::user(&claims.sub);
    let access = |capacity| Access {
        actor: actor.clone(),
        capacity,
    };
    // A client's user is never platform staff, even with a platform role.
    if claims.client_id.is_none() && rule.platform.is_some_and(|permission| claims.holds(permission)) {
        return Ok(access(Capacity::Platform));
    }
    let (Some(own), Some(requested)) = (rule.own, requested) else {
        return Err(forbidden(rule.platform));
    };
    let claimed = claims.customer_key.as_deref();
    let is_own = claimed == Some(requested);
    let may_be_parent = !is_own && rule.parent.is_some_and(|permission| claims.holds(permission));
    if !claims.holds(own) && !may_be_parent {
        return Err(forbidden(Some(own)));
    }
    // A client's users reach only their client, and only if the client's account is their own customer. The path's `customerKey` is then
    // the customer that the client belongs to.
    if let Some(own_client) = &claims.client_id {
        if client != Some(own_client) {
            return Err(Error::KeyMismatch {
                field: "clientKey",
                claimed: Some(own_client.clone()),
                requested: client.map(redact),
            });
        }
        if claims.holds(own) && has_account(ctx, requested, own_client, claimed).await? {
            return Ok(access(Capacity::Client));
        }
        return Err(Error::KeyMismatch {
            field: "customerKey",
            claimed: claims.customer_key.clone(),
            requested: Some(redact(requested)),
        });
    }
    if is_own {
        return Ok(access(Capacity::Own));
    }
    if may_be_parent && is_parent(ctx, claimed, requested).await? {
        return Ok(access(Capacity::Parent));
    }
    Err(Error::KeyMismatch {
        field: "customerKey",
        claimed: claims.customer_key.clone(),
        requested: Some(redact(requested)),
    })
}

/// Whether the account of a customer's client is this customer.
async fn has_account(ctx: &Context, customer: &str, client: &str, account: Option<&str>) -> Result<bool> {
    let (Ok(customer), Ok(client)) = (customer.parse(), client.parse()) else {
        return Ok(false);
    };
    let found = ctx.clients().account(customer, client).await?;
    Ok(found.is_some_and(|key| Some(key.to_string().as_str()) == account))
}

/// Whether the requested customer is an account of one of the caller's clients.
async fn is_parent(ctx: &Context, claimed: Option<&str>, requested: &str) -> Result<bool> {
    let parse = |key: &str| key.parse::<CustomerKey>().ok();
    match (claimed.and_then(parse), parse(requested)) {
        (Some(parent), Some(account)) => ctx.customers().is_account_of(account, parent).await,
        _ => Ok(false),
    }
}

fn forbidden(permission: Option<RolePermission>) -> Error {
    Error::Forbidden {
        // Every rule in use names a permission; a rule without one denies every caller.
        permission: permission.unwrap_or(RolePermission::PlatformAdminEditAllCustomers),
        reason: "the caller's roles do not hold it",
    }
}
