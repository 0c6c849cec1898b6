//! Lists in pages.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// To be sent as `cursor` for the next page; absent on the last.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page as it goes over the wire.
    pub fn of<S>(page: storage::Page<S>, view: impl FnMut(S) -> T) -> Self {
        Self { items: page.items.into_iter().map(view).collect(), next_cursor: page.next }
    }
}

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items on a page, 1 to 200; 50 unless said.
    #[garde(range(min = 1, max = 200))]
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u16>,
    /// From the page before.
    #[garde(length(max = 2048))]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// As storage wants it.
    pub fn request(&self) -> storage::PageRequest {
        storage::PageRequest::new(self.limit.map_or(50, u32::from), self.cursor.clone())
    }
}

/// Everything of a list, page by page: for what a tenant has tens or hundreds of.
pub async fn every<T, F>(page: impl Fn(storage::PageRequest) -> F) -> Result<Vec<T>, storage::Error>
where
    F: Future<Output = Result<storage::Page<T>, storage::Error>>,
{
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let one = page(storage::PageRequest::new(storage::MAX_PAGE, cursor)).await?;
        items.extend(one.items);
        cursor = one.next;
        if cursor.is_none() {
            return Ok(items);
        }
    }
}
