//! Statements that a unit of work executes together, after its reads. On PostgreSQL they are one statement, so that
//! they cost one round trip.

use diesel::{
    Connection as _, PgConnection, QueryResult, RunQueryDsl, SqliteConnection,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sqlite::Sqlite,
};

use super::{Conn, StoreError};

/// An INSERT, UPDATE or DELETE whose result nobody needs.
pub struct Statement(Box<dyn OnBoth + Send>);

/// A query whose type is known to the connection, which then finds its prepared statement without building its text.
trait OnBoth: QueryFragment<Pg> {
    fn execute_on_sqlite(&self, conn: &mut SqliteConnection) -> QueryResult<usize>;

    fn execute_on_postgres(&self, conn: &mut PgConnection) -> QueryResult<usize>;
}

impl<Q: QueryFragment<Sqlite> + QueryFragment<Pg> + QueryId> OnBoth for Q {
    fn execute_on_sqlite(&self, conn: &mut SqliteConnection) -> QueryResult<usize> {
        conn.execute_returning_count(self)
    }

    fn execute_on_postgres(&self, conn: &mut PgConnection) -> QueryResult<usize> {
        conn.execute_returning_count(self)
    }
}

impl Statement {
    pub(super) fn new(query: impl QueryFragment<Sqlite> + QueryFragment<Pg> + QueryId + Send + 'static) -> Self {
        Self(Box::new(query))
    }
}

/// Executes statements that do not depend on each other: on PostgreSQL none sees what another one changes, and no two
/// may change the same row.
pub fn execute_together(conn: &mut Conn, statements: &[Statement]) -> Result<(), StoreError> {
    match (conn, statements) {
        (Conn::Postgres(conn), [_, _, ..]) => Together { statements, conditions: &[] }.execute(conn).map(drop),
        (Conn::Postgres(conn), _) => statements.iter().try_for_each(|one| one.0.execute_on_postgres(conn).map(drop)),
        (Conn::Sqlite(conn), _) => statements.iter().try_for_each(|one| one.0.execute_on_sqlite(conn).map(drop)),
    }?;
    Ok(())
}

/// A query that finds a row if something is so, and locks it so that it stays so.
pub(super) type Condition = Box<dyn QueryFragment<Pg> + Send>;

/// Executes statements as [`execute_together`] does, as a transaction of its own. Fails and changes nothing unless
/// each of `conditions` finds a row.
pub(super) fn execute_alone_if(
    conn: &mut PgConnection,
    conditions: &[Condition],
    statements: &[Statement],
) -> QueryResult<()> {
    Together { statements, conditions }.execute(conn).map(drop)
}

/// One statement with common table expressions that modify data, which SQLite does not have.
struct Together<'a> {
    statements: &'a [Statement],
    /// Each finds a row if the statements may be executed.
    conditions: &'a [Condition],
}

impl QueryFragment<Pg> for Together<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let statements = self.statements.iter().map(|statement| -> &dyn QueryFragment<Pg> { &*statement.0 });
        let conditions = self.conditions.iter().map(|condition| -> &dyn QueryFragment<Pg> { &**condition });
        for (index, part) in statements.chain(conditions).enumerate() {
            out.push_sql(if index == 0 { "WITH " } else { ", " });
            out.push_sql(&format!("part_{index} AS ("));
            part.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(" SELECT (TRUE");
        for index in (self.statements.len()..).take(self.conditions.len()) {
            out.push_sql(&format!(" AND EXISTS (SELECT FROM part_{index})"));
        }
        // False violates the constraint of that type, which undoes the rest.
        out.push_sql(")::requirement");
        Ok(())
    }
}

/// Its prepared statement is found by its text.
impl QueryId for Together<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Together<'_> {}
