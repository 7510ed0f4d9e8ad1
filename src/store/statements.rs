//! Statements that a unit of work executes together, after its reads. On PostgreSQL they are one statement, so that
//! they cost one round trip.

use diesel::{
    QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sqlite::Sqlite,
};

use super::{Conn, StoreError};

/// An INSERT, UPDATE or DELETE whose result nobody needs.
pub struct Statement(Box<dyn OnBoth>);

trait OnBoth: QueryFragment<Sqlite> + QueryFragment<Pg> {}

impl<Q: QueryFragment<Sqlite> + QueryFragment<Pg>> OnBoth for Q {}

impl Statement {
    pub(super) fn new(query: impl QueryFragment<Sqlite> + QueryFragment<Pg> + 'static) -> Self {
        Self(Box::new(query))
    }
}

/// Executes statements that do not depend on each other: on PostgreSQL none sees what another one changes, and no two
/// may change the same row.
pub fn execute_together(conn: &mut Conn, statements: &[Statement]) -> Result<(), StoreError> {
    match (conn, statements) {
        (Conn::Postgres(conn), [_, _, ..]) => Together(statements).execute(conn).map(drop),
        (Conn::Postgres(conn), _) => statements.iter().try_for_each(|one| Alone(one).execute(conn).map(drop)),
        (Conn::Sqlite(conn), _) => statements.iter().try_for_each(|one| Alone(one).execute(conn).map(drop)),
    }?;
    Ok(())
}

struct Alone<'a>(&'a Statement);

impl QueryFragment<Sqlite> for Alone<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        QueryFragment::<Sqlite>::walk_ast(&*self.0.0, out)
    }
}

impl QueryFragment<Pg> for Alone<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        QueryFragment::<Pg>::walk_ast(&*self.0.0, out)
    }
}

/// One statement with common table expressions that modify data, which SQLite does not have.
struct Together<'a>(&'a [Statement]);

impl QueryFragment<Pg> for Together<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (index, statement) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "WITH " } else { ", " });
            out.push_sql(&format!("statement_{index} AS ("));
            QueryFragment::<Pg>::walk_ast(&*statement.0, out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(" SELECT 1");
        Ok(())
    }
}

/// Prepared statements are found by their text.
macro_rules! has_no_static_id {
    ($($query:ident),+) => {$(
        impl QueryId for $query<'_> {
            type QueryId = ();

            const HAS_STATIC_QUERY_ID: bool = false;
        }

        impl<C> RunQueryDsl<C> for $query<'_> {}
    )+};
}

has_no_static_id!(Alone, Together);
