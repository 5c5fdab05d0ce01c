//! The expression language of conditions: `can_evaluate`, roles, filters and the rules of services.
