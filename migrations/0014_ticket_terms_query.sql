-- Words of a search are understood one by one. As whole queries, one per language and joined by or, they failed where
-- languages meet: `-Zählerstände` excluded nothing, because only the German form stands in a message, and
-- `Müller Zählerstände` found nothing, because German bends both and a name is kept as it is.
set local lock_timeout = '5s';

-- Words, "phrases", or, -without; each word in either language, or as it is.
create or replace function ticket_terms_query(q text) returns tsquery
    language plpgsql immutable parallel safe as $$
declare
    piece text;
    german tsquery;
    english tsquery;
    term tsquery;
    together tsquery;
    whole tsquery;
begin
    for piece in select match[1] from regexp_matches(q, '-*"[^"]*"?|[^\s"]+', 'g') as match loop
        if lower(piece) = 'or' then
            whole := coalesce(whole || together, together, whole);
            together := null;
            continue;
        end if;
        german := websearch_to_tsquery('pg_catalog.german', ltrim(piece, '-'));
        english := websearch_to_tsquery('pg_catalog.english', ltrim(piece, '-'));
        -- Too frequent in one of the languages to say anything, or nothing but punctuation.
        continue when numnode(german) = 0 or numnode(english) = 0;
        term := german || english || websearch_to_tsquery('pg_catalog.simple', ltrim(piece, '-'));
        if piece like '-%' then
            term := !! term;
        end if;
        together := coalesce(together && term, term);
    end loop;
    whole := coalesce(whole || together, together, whole);
    -- Nothing but frequent words: what one language calls frequent may be what the other looks for.
    return coalesce(whole, websearch_to_tsquery('pg_catalog.german', q) || websearch_to_tsquery('pg_catalog.english', q)
        || websearch_to_tsquery('pg_catalog.simple', q));
end
$$;
