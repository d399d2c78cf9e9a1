//! The logo of a customer or client: uploaded by a signed URL, confirmed by its receipt, served by the CDN.

pub mod confirm_logo;
pub mod delete_logo;
pub mod get_logo;
pub mod request_logo;
pub mod settle_logos;

use runtime::{Area, Function};

pub const AREA: Area = Area {
    name: "logo",
    summary: "The logos of customers and clients.",
    functions: &[
        Function::endpoint::<request_logo::RequestLogo>(),
        Function::endpoint::<get_logo::GetLogo>(),
        Function::endpoint::<confirm_logo::ConfirmLogo>(),
        Function::endpoint::<delete_logo::DeleteLogo>(),
        Function::task::<settle_logos::SettleLogos>(),
    ],
};
