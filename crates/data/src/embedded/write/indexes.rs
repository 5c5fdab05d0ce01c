//! Indexes as an operator declares them: what is missing is made, and what is not declared any
//! more goes. All of it happens in one transaction.

use std::collections::HashSet;

use bson::{RawDocumentBuf, raw::CString};

use crate::{
    Namespace,
    embedded::{
        catalogue::{
            Collection, Index, NewIndex, create_index, drop_index, duplicate,
            index_keys::keys_of,
            index_spec::{IndexSpec, check, faulty},
        },
        collection::{Documents as _, Step, table::Table, writing::Writing},
        failure::Outcome,
        plan::access::Access,
    },
};

/// Gives a source the indexes that are declared, and no others.
pub(crate) fn apply(
    source: &str,
    declared: &[IndexSpec],
    writing: &mut Writing<'_>,
) -> Outcome<()> {
    let mut kept: HashSet<i64> = HashSet::new();
    for spec in declared {
        check(spec)?;
        let name =
            Namespace { database: spec.database.clone(), collection: spec.collection.clone() };
        let collection = writing.collection_or_new(source, &name)?;
        let same = collection.indexes.iter().find(|index| is_same(index, spec));
        let id = match same {
            Some(index) => index.id,
            None => build(source, spec, &collection, writing)?,
        };
        kept.insert(id);
    }
    let catalogue = writing.catalogue().clone();
    let indexes = catalogue.collections(source).flat_map(|collection| &collection.indexes);
    for index in indexes.filter(|index| !kept.contains(&index.id)) {
        drop_index(writing.connection(), index.id)?;
    }
    writing.read_catalogue()
}

fn is_same(index: &Index, spec: &IndexSpec) -> bool {
    let fields = index.fields.iter().map(|field| (field.path.as_str(), field.ascending));
    let keys = spec.keys.iter().map(|(path, ascending)| (path.as_str(), *ascending));
    index.unique == spec.unique && index.sparse == spec.sparse && fields.eq(keys)
}

/// Makes an index over what is there; answers its id.
fn build(
    source: &str,
    spec: &IndexSpec,
    collection: &Collection,
    writing: &mut Writing<'_>,
) -> Outcome<i64> {
    // One with the same fields and other properties is not declared any more.
    let name = spec.name();
    if let Some(old) = collection.indexes.iter().find(|index| index.name == name) {
        drop_index(writing.connection(), old.id)?;
    }
    let mut keys = RawDocumentBuf::new();
    for (path, ascending) in &spec.keys {
        let path =
            CString::try_from(path.as_str()).map_err(|_| faulty(spec, "a name has a zero byte"))?;
        keys.append(path, if *ascending { 1 } else { -1 });
    }
    let new = NewIndex { name: &name, keys: &keys, unique: spec.unique, sparse: spec.sparse };
    let id = create_index(writing.connection(), collection, &new)?;
    writing.read_catalogue()?;
    let collection = writing.collection_or_new(source, &collection.namespace)?;
    if let Some(index) = collection.indexes.iter().find(|index| index.id == id) {
        fill(spec, Table::new(writing.connection(), &collection), index)?;
    }
    Ok(id)
}

fn fill(spec: &IndexSpec, table: Table<'_>, index: &Index) -> Outcome<()> {
    table.visit(&Access::Rows, None, &mut |row, document| {
        let keys = keys_of(index, document)?;
        for key in keys.iter().filter(|_| index.unique) {
            if table.other_row(index, key, row)?.is_some() {
                let key = duplicate::key_text(index, document, key);
                return Err(faulty(spec, &format!("documents have the same key {{ {key} }}")));
            }
        }
        table.add_entries(index, row, &keys)?;
        Ok(Step::Next)
    })?;
    Ok(())
}
