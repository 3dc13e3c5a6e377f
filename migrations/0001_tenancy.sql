-- Roles, the current tenant, and the two procedures that every table's row level security goes through.
set local lock_timeout = '5s';

do $$
declare
    wanted text;
    usable boolean;
begin
    foreach wanted in array array['mind_app', 'mind_system', 'mind_search'] loop
        begin
            if not exists (select from pg_roles where rolname = wanted) then
                execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls noinherit', wanted);
            end if;
            -- From PostgreSQL 16 on, who creates a role is its member without the right to switch into it.
            if current_setting('server_version_num')::int >= 160000 then
                usable := pg_has_role(current_user, wanted, 'set');
            else
                usable := pg_has_role(current_user, wanted, 'member');
            end if;
            if not usable then
                execute format('grant %I to current_user', wanted);
            end if;
        exception
            when duplicate_object or unique_violation then
                null; -- another database of this cluster was faster
            when insufficient_privilege then
                raise exception 'the role % is missing and % may not create or use it', wanted, current_user
                    using hint = 'Let a superuser run docs/roles.sql once: psql -v owner=' || current_user || ' -f docs/roles.sql';
        end;
    end loop;
end
$$;

-- The tenant of this transaction; null outside of one, so that no row is seen and no row can be written.
create function current_tenant() returns bigint
    language sql stable parallel safe
    return nullif(current_setting('app.tenant_id', true), '')::bigint;

-- Row level security by tenant_id for mind_app. Forced: the owner sees nothing either.
create procedure isolate_by_tenant(target regclass)
    language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy by_tenant on %s to mind_app'
        ' using (tenant_id = (select current_tenant())) with check (tenant_id = (select current_tenant()))',
        target);
    execute format('grant select, insert, update, delete on %s to mind_app', target);
end
$$;

-- Opens a table to SystemTx: sign-in, claiming work, creation of tenants. The catalogue test lists who may call this.
create procedure open_to_system(target regclass, privileges text)
    language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    -- The owner is a member of mind_system, and a policy holds for members too; it shall see nothing either.
    execute format(
        'create policy by_system on %s to mind_system'
        ' using ((select current_user) = ''mind_system'') with check ((select current_user) = ''mind_system'')',
        target);
    execute format('grant %s on %s to mind_system', privileges, target);
end
$$;

grant usage on schema public to mind_app, mind_system, mind_search;

create table tenant (
    id bigint generated always as identity,
    slug text not null,
    name text not null,
    created_at timestamptz not null,
    constraint tenant_pkey primary key (id),
    constraint tenant_slug_unique unique (slug),
    constraint tenant_slug_form check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
);
call open_to_system('tenant', 'select, insert');
create policy by_tenant on tenant for select to mind_app using (id = (select current_tenant()));
grant select on tenant to mind_app;

-- Own host names of a tenant, lower case, without port.
create table tenant_host (
    tenant_id bigint not null default current_tenant(),
    host text not null,
    constraint tenant_host_pkey primary key (tenant_id, host),
    constraint tenant_host_unique unique (host),
    constraint tenant_host_tenant_fkey foreign key (tenant_id) references tenant (id),
    constraint tenant_host_form check (host = lower(host) and host !~ '[:/ ]')
);
call isolate_by_tenant('tenant_host');
call open_to_system('tenant_host', 'select, insert');
