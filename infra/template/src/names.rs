//! Names in other notations.

/// `get-customer` as `GetCustomer`: CloudFormation's logical ids take no hyphens.
pub fn pascal_case(name: &str) -> String {
    name.split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_begins_with_a_capital() {
        assert_eq!(pascal_case("get-customer-by-external-id"), "GetCustomerByExternalId");
        assert_eq!(pascal_case("list"), "List");
    }
}
