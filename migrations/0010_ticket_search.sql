-- Full text search. A policy switches off indexes for operators that are not leakproof, and `@@` is not, so the search
-- runs in functions of the role mind_search, which read two tables without a policy's condition and bring their own.
-- They answer ids only; the caller joins them back under its own row level security.
set local lock_timeout = '5s';

create extension if not exists btree_gin;

create index ticket_content_terms_idx on ticket_content using gin (tenant_id, terms);

do $$
declare
    target regclass;
begin
    foreach target in array array['ticket', 'ticket_content', 'ticket_tag']::regclass[] loop
        execute format('create policy by_search on %s for select to mind_search using (true)', target);
        execute format('grant select on %s to mind_search', target);
        -- The owner is a member of mind_search, and a policy holds for members too; it shall see nothing either.
        execute format('create policy not_to_owner on %s as restrictive to %I using (false)', target, current_user);
    end loop;
end
$$;

-- What a message is found by. Addresses are also taken apart: `mustermann` finds tom@mustermann.de.
create function ticket_terms(subject text, body text, addresses text) returns tsvector
    language sql immutable parallel safe
    return setweight(to_tsvector('pg_catalog.german', coalesce(subject, '')) || to_tsvector('pg_catalog.english', coalesce(subject, '')), 'A')
        || to_tsvector('pg_catalog.german', coalesce(body, ''))
        || to_tsvector('pg_catalog.english', coalesce(body, ''))
        || to_tsvector('pg_catalog.simple', coalesce(addresses, '') || ' ' || translate(coalesce(addresses, ''), '@._+-', '     '));

-- Words, "phrases", or, -without; in either language.
create function ticket_terms_query(q text) returns tsquery
    language sql immutable parallel safe
    return websearch_to_tsquery('pg_catalog.german', q)
        || websearch_to_tsquery('pg_catalog.english', q)
        || websearch_to_tsquery('pg_catalog.simple', q);

-- One condition on a ticket as SQL: {"column", "test", "values", "null"}. Columns and tests are a closed list; values are
-- quoted and typed.
create function search_ticket_condition(condition jsonb) returns text
    language plpgsql stable as $$
declare
    field text := condition ->> 'column';
    kind text := case
        when field in ('id', 'agent_id', 'responder_id', 'tag', 'ai_agent') then 'bigint'
        when field in ('created_at', 'modified_at', 'last_message_at', 'last_customer_message_at', 'due_by',
                       'first_response_due_by', 'closed_at') then 'timestamptz'
        when field in ('status', 'channel', 'direction', 'priority', 'contract_id', 'customer_id', 'ai_support_level',
                       'sentiment', 'language', 'language_code', 'from_norm', 'subject', 'external_ticket_id',
                       'spam_status') then 'text'
    end;
    test text := condition ->> 'test';
    given text[] := array(select jsonb_array_elements_text(condition -> 'values'));
    or_null boolean := coalesce((condition ->> 'null')::boolean, false);
    list text := format('(%L::%s[])', given, kind);
    one text := format('%L::%s', given[1], kind);
begin
    if kind is null then
        raise exception 'no such column: %', field;
    end if;
    if field = 'ai_agent' then
        -- Intents do not exist yet: no ticket has an agent's.
        return case when (test = 'any') = or_null then 'true' else 'false' end;
    elsif field = 'tag' then
        return case when test = 'none' then 'not ' else '' end || format(
            '(exists (select from ticket_tag g where g.tenant_id = t.tenant_id and g.ticket_id = t.id and g.tag_id = any%s)%s)',
            list,
            case when or_null then
                ' or not exists (select from ticket_tag g where g.tenant_id = t.tenant_id and g.ticket_id = t.id)' else '' end);
    end if;
    if cardinality(given) = 1 and not or_null and test in ('any', 'none') then
        -- One value goes without an array: an index then still brings its rows in the order of its next columns.
        return case test when 'any' then format('t.%I = %s', field, one) else format('(t.%I is null or t.%I <> %s)', field, field, one) end;
    end if;
    return case test
        when 'any' then format('(t.%I = any%s%s)', field, list, case when or_null then format(' or t.%I is null', field) else '' end)
        when 'none' then case when or_null
            then format('(t.%I is not null and t.%I <> all%s)', field, field, list)
            else format('(t.%I is null or t.%I <> all%s)', field, field, list) end
        when 'lt' then format('t.%I < %s', field, one)
        when 'le' then format('t.%I <= %s', field, one)
        when 'gt' then format('t.%I > %s', field, one)
        when 'ge' then format('t.%I >= %s', field, one)
        when 'like' then format('t.%I ilike %L', field, given[1])
    end;
end
$$;

create function search_ticket_from(q text, conditions jsonb) returns text
    language plpgsql stable as $$
begin
    -- Without a tenant the text is null, and so is everything made of it.
    return format(
        'from ticket t join ticket_content c on c.tenant_id = t.tenant_id and c.ticket_id = t.id'
        ' where t.tenant_id = %s and c.tenant_id = %1$s and c.terms @@ %L::tsquery',
        current_tenant()::text, ticket_terms_query(q))
        || coalesce((select string_agg(' and ' || search_ticket_condition(value), '') from jsonb_array_elements(conditions)), '');
end
$$;

-- Ids of the tickets that fit, a page of them in order. `past` = {"value", "id"} of the last row seen.
create function search_ticket(q text, conditions jsonb, order_by text, descending boolean, past jsonb, skip bigint, take bigint)
    returns setof bigint
    language plpgsql stable security definer set search_path = public, pg_temp rows 50 as $$
declare
    side text := case when descending then '<' else '>' end;
    -- The indexes of columns that always have a value are in the default order of nulls.
    direction text := case
        when order_by in ('id', 'created_at', 'last_message_at', 'status', 'priority', 'channel', 'direction', 'ai_support_level')
            then case when descending then 'desc' else 'asc' end
        when descending then 'desc nulls last' else 'asc nulls first' end;
    kind text := case
        when order_by in ('id', 'agent_id', 'responder_id') then 'bigint'
        when order_by in ('created_at', 'modified_at', 'last_message_at', 'last_customer_message_at', 'due_by',
                          'first_response_due_by', 'closed_at') then 'timestamptz'
        when order_by = 'priority' then 'integer'
        when order_by in ('status', 'channel', 'direction', 'contract_id', 'customer_id', 'ai_support_level', 'sentiment', 'language',
                          'language_code', 'from_norm', 'subject', 'external_ticket_id', 'spam_status') then 'text'
    end;
    key text := case when order_by = 'priority'
        then 'array_position(array[''low'', ''medium'', ''high'', ''urgent''], t.priority)' else format('t.%I', order_by) end;
    statement text := search_ticket_from(q, conditions);
begin
    if kind is null then
        raise exception 'no such order: %', order_by;
    end if;
    if current_tenant() is null then
        return;
    end if;
    if past is not null then
        statement := statement || case
            when past ->> 'value' is null then format(' and %s is null and t.id %s %L::bigint', key, side, past ->> 'id')
            else format(' and (%s, t.id) %s (%L::%s, %L::bigint)', key, side, past ->> 'value', kind, past ->> 'id') end;
    end if;
    return query execute format('select t.id %s order by %s %s, t.id %s offset %s limit %s',
        statement, key, direction, case when descending then 'desc' else 'asc' end, skip, take);
end
$$;

-- How many fit, counted up to `most`.
create function search_ticket_count(q text, conditions jsonb, most bigint) returns bigint
    language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
    counted bigint := 0;
begin
    if current_tenant() is not null then
        execute format('select count(*) from (select %s limit %s) found', search_ticket_from(q, conditions), most) into counted;
    end if;
    return counted;
end
$$;

-- A new owner needs the right to create in the schema, for as long as this takes.
grant create on schema public to mind_search;
alter function search_ticket owner to mind_search;
alter function search_ticket_count owner to mind_search;
revoke create on schema public from mind_search;
revoke execute on function search_ticket, search_ticket_count from public;
grant execute on function search_ticket, search_ticket_count to mind_app;
