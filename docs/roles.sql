-- The three roles that mind switches into, created once per cluster by a superuser (or a role with CREATEROLE).
-- Replace :owner by the role that owns the database and that DATABASE_URL names; psql does it with
--   psql -v owner=mind -f roles.sql
-- Each is NOLOGIN and NOBYPASSRLS: row level security holds for all of them.
-- Safe to run again, also from several databases of one cluster at once.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['mind_app', 'mind_system', 'mind_search'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls noinherit', wanted);
            end if;
        exception when duplicate_object or unique_violation then
            null; -- another database of this cluster was faster
        end;
    end loop;
end
$$;
grant mind_app, mind_system, mind_search to :owner;
