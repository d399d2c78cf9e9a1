//! Bodies of answers that the table computes.

use crate::{
    cascades::{self, DeletionPreview},
    hierarchy::{self, Node},
};
use domain::{fields::Field, view::View};

impl View for DeletionPreview {
    const NAME: &'static str = "DeletionPreview";

    fn fields() -> Vec<Field> {
        cascades::preview_fields()
    }
}

impl View for Node {
    const NAME: &'static str = "Hierarchy";

    fn fields() -> Vec<Field> {
        hierarchy::view_fields()
    }
}
