//! Everything that a query finds, batch by batch.

use super::TransferError;
use crate::{Answer, Batch, Command, Find, Namespace, Target};

/// Hands on what is found, until there is no more or somebody fails.
pub(super) async fn each_batch(
    target: &dyn Target,
    name: &Namespace,
    find: Find,
    mut take: impl FnMut(&Batch) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let Answer::Cursor(first, rest) = target.run(name.clone(), Command::Find(find)).await? else {
        return Ok(());
    };
    take(&first)?;
    let Some(mut rest) = rest else { return Ok(()) };
    loop {
        let batch = rest.next_batch().await?;
        if batch.is_empty() {
            return Ok(());
        }
        take(&batch)?;
    }
}
