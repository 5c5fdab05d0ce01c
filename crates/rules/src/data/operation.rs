//! Where every command of a caller goes through.

use std::sync::Arc;

use hookstead_data::{
    Answer, Command, DataError, InsertMany, Namespace, Target, WriteOperation, Writes,
};

use super::{bound::Bound, caller::Caller, compile::Rules, pipeline, reads, writes::Writer};

/// Runs a command as far as the rules permit it.
///
/// Each kind of command has an arm of its own: a new one does not compile before somebody has said
/// what rules mean for it.
pub(super) async fn run(
    (rules, caller): (Arc<Rules>, Arc<Caller>),
    target: Arc<dyn Target>,
    namespace: Namespace,
    command: Command,
) -> Result<Answer, DataError> {
    let bound = Arc::new(Bound::new(&rules, &caller, &namespace).await?);
    let writer = Writer { bound: Arc::clone(&bound), target: Arc::clone(&target) };
    match command {
        Command::Find(find) => reads::find(bound, target, find).await,
        Command::Count(count) => reads::count(bound, target, count).await,
        Command::Distinct(distinct) => reads::distinct(bound, target, distinct).await,
        Command::Aggregate(aggregate) => pipeline::aggregate(bound, target, aggregate).await,
        Command::InsertMany(insert) => writer.insert(insert).await,
        Command::Update(update) => writer.update(update).await.map(Answer::Updated),
        Command::Delete(delete) => writer.delete(delete).await.map(Answer::Deleted),
        Command::FindAndModify(modify) => writer.find_and_modify(modify).await,
        Command::BulkWrite(writes) => bulk_write(&writer, writes).await,
    }
}

/// Writes one after the other. Documents to insert are judged before anything is written.
async fn bulk_write(writer: &Writer, writes: Writes) -> Result<Answer, DataError> {
    for operation in &writes.operations {
        if let WriteOperation::Insert(document) = operation {
            writer.bound.permit_insert(document).await?;
        }
    }
    let mut failure = None;
    for operation in writes.operations {
        let outcome = match operation {
            WriteOperation::Insert(document) => {
                let documents = vec![document];
                writer.insert(InsertMany { documents, ordered: true }).await.map(drop)
            }
            WriteOperation::Update(update) => writer.update(update).await.map(drop),
            WriteOperation::Delete(delete) => writer.delete(delete).await.map(drop),
        };
        if let Err(error) = outcome {
            if writes.ordered {
                return Err(error);
            }
            failure.get_or_insert(error);
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(Answer::Written),
    }
}
