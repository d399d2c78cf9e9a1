//! The real binaries on the local cloud, over HTTP, with kills in between.

mod api_keys;
mod areas;
mod cloud;
mod console;
mod gateway;
mod logos;
mod loops;
mod outage;
mod poison;
mod survival;
mod tour;

use cloud::Cloud;
