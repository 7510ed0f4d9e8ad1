//! UPDATE, as a query that a connection prepares once. diesel prepares its own every time, in case it sets other columns.

use diesel::{
    AsChangeset, QueryResult, QuerySource, RunQueryDsl, Table,
    backend::Backend,
    query_builder::{AstPass, QueryFragment, QueryId},
};

/// Changes the rows of a table that match.
pub(super) struct Update<T: Table, P, C> {
    table: T::FromClause,
    matching: P,
    changes: C,
}

/// Sets columns of the rows of `table` that match. A connection prepares a statement for each set of columns, so there
/// must be few: others are for `diesel::update`.
pub(super) fn update<T: Table, P, C: AsChangeset<Target = T>>(
    table: &T,
    matching: P,
    changes: C,
) -> Update<T, P, C::Changeset> {
    Update { table: QuerySource::from_clause(table), matching, changes: changes.as_changeset() }
}

impl<DB: Backend, T: Table, P: QueryFragment<DB>, C: QueryFragment<DB>> QueryFragment<DB> for Update<T, P, C>
where
    T::FromClause: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" SET ");
        self.changes.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.matching.walk_ast(out)
    }
}

/// Its prepared statement is found by its text.
impl<T: Table, P, C> QueryId for Update<T, P, C> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: Table, P, C, Conn> RunQueryDsl<Conn> for Update<T, P, C> {}
