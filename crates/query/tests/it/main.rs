//! Cases of the query language.
