//! The table of all operators.

use std::{collections::HashMap, sync::LazyLock};

use super::operator::Operator;

/// The operator with a name.
pub(super) fn find(name: &str) -> Option<&'static Operator> {
    static OPERATORS: LazyLock<HashMap<&str, &Operator>> = LazyLock::new(|| {
        let groups: [&'static [Operator]; _] = [
            super::arithmetic::OPERATORS,
            super::arrays::OPERATORS,
            super::bitwise::OPERATORS,
            super::boolean::OPERATORS,
            super::comparison::OPERATORS,
            super::conditional::OPERATORS,
            super::convert::OPERATORS,
            super::iteration::OPERATORS,
            super::objects::OPERATORS,
            super::percentile::OPERATORS,
            super::powers::OPERATORS,
            super::regex::OPERATORS,
            super::search::OPERATORS,
            super::selection::OPERATORS,
            super::sets::OPERATORS,
            super::statistics::OPERATORS,
            super::strings::OPERATORS,
            super::trigonometry::OPERATORS,
            super::types::OPERATORS,
            super::zip::OPERATORS,
        ];
        let groups = groups.into_iter().chain(super::dates::OPERATORS);
        groups.flatten().map(|operator| (operator.name, operator)).collect()
    });
    OPERATORS.get(name).copied()
}
